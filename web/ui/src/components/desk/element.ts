/** The parts of Element Plus that the desk uses; nothing else of the library enters a chunk. Their styles: elementStyles.ts. */
export { ElAlert, ElButton, ElConfigProvider, ElDialog, ElForm, ElFormItem, ElInput, ElMessage, ElOption, ElRadioButton, ElRadioGroup, ElSelect, ElSkeleton } from 'element-plus'
