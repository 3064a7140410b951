import type { JSX } from "preact";

interface Props {
  readonly icon: string;
  /** Name and tooltip */
  readonly label: string;
  readonly onClick: (event: MouseEvent) => void;
  readonly pressed?: boolean;
  readonly expanded?: boolean;
  readonly menu?: boolean;
  readonly disabled?: boolean;
  readonly keys?: string;
}

export function Icon({ name, spin = false }: { readonly name: string; readonly spin?: boolean }): JSX.Element {
  return <span class={`codicon codicon-${name}${spin ? " codicon-modifier-spin" : ""}`} aria-hidden="true" />;
}

export function IconButton({ icon, label, onClick, pressed, expanded, menu, disabled, keys }: Props): JSX.Element {
  return (
    <button
      type="button"
      class="icon-button"
      aria-label={label}
      title={label}
      aria-pressed={pressed}
      aria-expanded={expanded}
      aria-haspopup={menu ? "menu" : undefined}
      aria-keyshortcuts={keys}
      disabled={disabled}
      onClick={onClick}
    >
      <Icon name={icon} />
    </button>
  );
}
