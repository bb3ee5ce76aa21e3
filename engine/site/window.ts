/** How much may be on its way at a time; whoever comes first goes first, and what is more than all of it goes alone. */
export function window(size: number): { enter(weight: number): Promise<() => void> } {
  let used = 0;
  const waiting: { readonly weight: number; readonly go: () => void }[] = [];

  function next(): void {
    for (let first = waiting[0]; first !== undefined; first = waiting[0]) {
      if (used > 0 && used + first.weight > size) return;
      waiting.shift();
      used += first.weight;
      first.go();
    }
  }

  return {
    enter: (weight) =>
      new Promise((resolve) => {
        let left = false;
        const leave = (): void => {
          if (left) return;
          left = true;
          used -= weight;
          next();
        };
        waiting.push({ weight, go: () => resolve(leave) });
        next();
      }),
  };
}
