/** Lines of a verdict come as text, or as an object that carries its text. */
export function statementOf(line: unknown): string {
  if (typeof line === 'string') return line
  if (typeof line !== 'object' || line === null) return String(line)
  const fields = line as Record<string, unknown>
  const text = [fields.text, fields.statement, fields.what].find((v): v is string => typeof v === 'string')
  return text ?? Object.entries(fields).map(([key, value]) => `${key}: ${String(value)}`).join(' · ')
}
