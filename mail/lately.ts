/**
 * `read` with its last results kept. For reading what others publish: the rules of one judgement look at the same record
 * from several sides, the hosts of a domain share its records, and to read a key takes longer than all the rest.
 */
export function lately<T>(read: (text: string) => T, capacity = 64): (text: string) => T {
  const results = new Map<string, T>();
  return (text) => {
    const known = results.get(text);
    if (known !== undefined) return known;
    const result = read(text);
    const [oldest] = results.keys();
    if (results.size >= capacity && oldest !== undefined) results.delete(oldest);
    results.set(text, result);
    return result;
  };
}
