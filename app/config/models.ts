import type { z } from 'zod'
import { closed, list, plainText, text, textMap } from './scalar.ts'

/** One model that developers may ask for, beside the built-in ones. */
const ModelSection = closed({
  id: plainText(256),
  label: text().optional(),
  description: text().optional(),
  /** Upstream name → the id that this upstream knows the model by. */
  upstream_model: textMap().default({}),
})

/** The configured models, in the order in which they are listed. */
export const ModelsSection = list(ModelSection)

/** `models`. */
export type ModelsConfig = z.infer<typeof ModelsSection>
