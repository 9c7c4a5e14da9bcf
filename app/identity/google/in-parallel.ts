/** How many requests of one look-up run at a time. */
const AT_A_TIME = 8

/** What `ask` answers for each of `items`, in their order; rejects with the first failure, and begins nothing more. */
export async function inParallel<Item, Answer>(
  items: readonly Item[],
  ask: (item: Item) => Promise<Answer>,
): Promise<Answer[]> {
  const answers: Answer[] = []
  for (let start = 0; start < items.length; start += AT_A_TIME) {
    answers.push(...(await Promise.all(items.slice(start, start + AT_A_TIME).map(ask))))
  }
  return answers
}
