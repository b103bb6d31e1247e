import js from '@eslint/js'
import vue from 'eslint-plugin-vue'
import globals from 'globals'
import ts from 'typescript-eslint'

/** Layers: views → components → session → rtc, protocol. Each line names what a layer may not see. */
const noVue = {
  patterns: [
    { group: ['vue', 'vue-*', 'vant', 'vant/*', 'element-plus', 'element-plus/*'], message: 'rtc and protocol know no Vue.' },
    { group: ['@/session/*', '@/components/*', '@/views/*', '**/session/*', '**/components/*', '**/views/*'], message: 'Imports point inwards.' },
  ],
}
const noDesk = { group: ['element-plus', 'element-plus/*'], message: 'Phones never load the desk library.' }
const above = (...layers) => ({ group: layers.flatMap((l) => [`@/${l}/*`, `**/${l}/*`]), message: 'Imports point inwards.' })

export default ts.config(
  { ignores: ['dist/**', 'node_modules/**', 'coverage/**'] },
  js.configs.recommended,
  ...ts.configs.recommended,
  ...vue.configs['flat/recommended'],
  {
    files: ['**/*.ts', '**/*.vue'],
    languageOptions: {
      parserOptions: { parser: ts.parser, projectService: true, extraFileExtensions: ['.vue'], tsconfigRootDir: import.meta.dirname },
      globals: globals.browser,
    },
    rules: {
      'no-undef': 'off', // TypeScript knows better
      'max-lines': ['error', { max: 500 }],
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { arguments: false, attributes: false } }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-console': 'error',
      'vue/multi-word-component-names': 'off', // Problem.vue says what it shows
      // Layout is the author's; these five only ask for line breaks.
      'vue/max-attributes-per-line': 'off',
      'vue/singleline-html-element-content-newline': 'off',
      'vue/multiline-html-element-content-newline': 'off',
      'vue/html-self-closing': 'off',
      'vue/html-indent': 'off',
      'vue/html-closing-bracket-newline': 'off',
      'vue/first-attribute-linebreak': 'off',
      'vue/require-default-prop': 'off', // optional props are `undefined` by type
    },
  },
  { files: ['src/rtc/**', 'src/protocol/**', 'src/proof/**'], rules: { 'no-restricted-imports': ['error', noVue] } },
  { files: ['src/session/**'], rules: { 'no-restricted-imports': ['error', { patterns: [noDesk, above('views', 'components')] }] } },
  { files: ['src/components/**'], rules: { 'no-restricted-imports': ['error', { patterns: [above('views')] }] } },
  {
    files: ['src/views/phone/**', 'src/components/phone/**', 'src/components/common/**'],
    rules: { 'no-restricted-imports': ['error', { patterns: [noDesk] }] },
  },
  { files: ['**/*.test.ts', 'tests/**'], rules: { 'max-lines': 'off' } },
  { files: ['*.config.{js,ts}'], languageOptions: { globals: globals.node } },
)
