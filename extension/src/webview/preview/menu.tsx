// A menu where the pointer is or below its button. Keys as everywhere: arrows, Home, End, a letter, Enter, Escape.
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";

export interface MenuItem {
  readonly label: string;
  readonly run: () => void;
}

/** Groups are told apart by a line. */
export type MenuGroups = readonly (readonly MenuItem[])[];

export interface Point {
  readonly x: number;
  readonly y: number;
}

interface Props {
  readonly label: string;
  readonly at: Point;
  readonly groups: MenuGroups;
  readonly onClose: () => void;
}

export function Menu({ label, at, groups, onClose }: Props): JSX.Element {
  const menu = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (menu.current) {
      place(menu.current, at);
    }
  }, [at]);
  useFocusInside(menu);
  useCloseOutside(menu, onClose);
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === "Escape" || event.key === "Tab") {
      event.preventDefault();
      onClose();
    } else if (menu.current && move(menu.current, event.key)) {
      event.preventDefault();
    }
    event.stopPropagation();
  };
  return (
    <div class="menu" role="menu" aria-label={label} ref={menu} onKeyDown={onKeyDown}>
      {groups
        .filter((group) => group.length > 0)
        .map((group, index) => (
          <div key={index} role="group" class="menu-group">
            {group.map((item) => (
              <button
                key={item.label}
                type="button"
                role="menuitem"
                tabIndex={-1}
                onClick={() => {
                  onClose();
                  item.run();
                }}
                onPointerMove={(event) => {
                  event.currentTarget.focus();
                }}
              >
                {item.label}
              </button>
            ))}
          </div>
        ))}
    </div>
  );
}

/** Inside the view, whatever its size. */
function place(menu: HTMLElement, at: Point): void {
  const { width, height } = menu.getBoundingClientRect();
  menu.style.left = `${Math.max(0, Math.min(at.x, innerWidth - width - 4))}px`;
  menu.style.top = `${Math.max(0, Math.min(at.y, innerHeight - height - 4))}px`;
}

function itemsOf(menu: HTMLElement): readonly HTMLElement[] {
  return [...menu.querySelectorAll<HTMLElement>("[role=menuitem]")];
}

/** Focuses the item that a key leads to; whether there is one. */
function move(menu: HTMLElement, key: string): boolean {
  const items = itemsOf(menu);
  const now = items.findIndex((item) => item === document.activeElement);
  const byLetter = (): number => {
    const from = now + 1;
    const order = [...items.slice(from), ...items.slice(0, from)];
    return items.findIndex(
      (item) => item === order.find((next) => next.textContent.toLowerCase().startsWith(key.toLowerCase())),
    );
  };
  const targets: Readonly<Record<string, () => number>> = {
    ArrowDown: () => (now + 1) % items.length,
    ArrowUp: () => (now < 1 ? items.length : now) - 1,
    Home: () => 0,
    End: () => items.length - 1,
  };
  const target = targets[key]?.() ?? (/^\S$/u.test(key) ? byLetter() : -1);
  items[target]?.focus();
  return target >= 0;
}

/** The first item has the focus while the menu is open; afterwards it is again where it was. */
function useFocusInside(menu: { readonly current: HTMLElement | null }): void {
  useLayoutEffect(() => {
    const opener = document.activeElement;
    if (menu.current) {
      itemsOf(menu.current)[0]?.focus();
    }
    return () => {
      if (opener instanceof HTMLElement) {
        opener.focus();
      }
    };
  }, [menu]);
}

function useCloseOutside(menu: { readonly current: HTMLElement | null }, onClose: () => void): void {
  useEffect(() => {
    const onPointerDown = (event: Event): void => {
      if (!(event.target instanceof Node && menu.current?.contains(event.target))) {
        onClose();
      }
    };
    document.addEventListener("pointerdown", onPointerDown, true);
    window.addEventListener("blur", onClose);
    return () => {
      document.removeEventListener("pointerdown", onPointerDown, true);
      window.removeEventListener("blur", onClose);
    };
  }, [menu, onClose]);
}
