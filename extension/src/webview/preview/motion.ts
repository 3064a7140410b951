// Whether the person asked for less motion, in the system's settings or in VS Code's.
import { useEffect, useState } from "preact/hooks";

const QUERY = "(prefers-reduced-motion: reduce)";

export function useReducedMotion(): boolean {
  const [reduced, setReduced] = useState(isReduced);
  useEffect(() => {
    const update = (): void => {
      setReduced(isReduced());
    };
    const query = matchMedia(QUERY);
    query.addEventListener("change", update);
    const classes = new MutationObserver(update);
    classes.observe(document.body, { attributes: true, attributeFilter: ["class"] });
    return () => {
      query.removeEventListener("change", update);
      classes.disconnect();
    };
  }, []);
  return reduced;
}

function isReduced(): boolean {
  return matchMedia(QUERY).matches || document.body.classList.contains("vscode-reduce-motion");
}
