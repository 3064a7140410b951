// A shell block as one line that a terminal can show without running it: there, every line break would be Enter.

const SHELLS = new Set(["bash", "sh"]);

/** What a terminal would act upon, or what would make the line look like another one. */
const UNSAFE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

/** Words that open something which ends on a later line. */
const OPENS = /^(if|for|while|until|case|select|function|then|do|else|elif|fi|done|esac)\b|^[{}()]/;

/** None when the block is no shell code, or cannot be put on one line without changing what it does. */
export function terminalText(language: string, code: string): string | null {
  if (!SHELLS.has(language) || UNSAFE.test(code)) {
    return null;
  }
  const commands = code
    .replaceAll("\\\n", "")
    // A tab would ask the shell to complete a word.
    .replaceAll("\t", " ")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  if (commands.length === 0 || (commands.length > 1 && !commands.every(standsAlone))) {
    return null;
  }
  return commands.join(" && ");
}

function standsAlone(command: string): boolean {
  return (
    !OPENS.test(command) &&
    !/<<|\s#|[|&\\({]$/.test(command) &&
    // A quote that is still open goes on in the next line.
    (command.match(/'/g) ?? []).length % 2 === 0 &&
    (command.match(/"/g) ?? []).length % 2 === 0
  );
}
