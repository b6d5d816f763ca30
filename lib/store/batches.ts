/** Well below Container Analysis's 1,000, so that one answer stays small and one failure touches few. */
const MOST_ITEMS = 500;
const MOST_BYTES = 1024 * 1024;

/** Splits `items` into batches that each fit one request, by number and by the bytes of their JSON. */
export function batchesOf<T>(items: readonly T[], toBody: (item: T) => unknown): readonly (readonly T[])[] {
  const batches: T[][] = [];
  let room = 0;
  for (const item of items) {
    const size = Buffer.byteLength(JSON.stringify(toBody(item)));
    const last = batches.at(-1);
    if (last !== undefined && last.length < MOST_ITEMS && size <= room) {
      last.push(item);
      room -= size;
    } else {
      batches.push([item]);
      room = MOST_BYTES - size;
    }
  }
  return batches;
}
