import type { Plan, PlannedFile } from '../../../generators/files/plan.js'

/** A plan of one file, flat. */
export function single({ files, ...plan }: Plan): PlannedFile & Omit<Plan, 'files'> {
  const [file, ...others] = files
  if (file === undefined || others.length > 0) throw new Error(`one file was expected, not ${files.length}`)
  return { ...file, ...plan }
}
