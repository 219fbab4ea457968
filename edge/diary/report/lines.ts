/** Width of a piece of text, in points. */
export type WidthOf = (text: string) => number;

/** A line may end after a blank, a dash, and a hyphen or slash before a letter: not within 16-16-8 or 23/11/2026. */
const PIECES = /\s+|(?:[^\s/–-]|[/-](?=\d))+[/–-]*|[/–-]+/gu;

/**
 * Lines of text that are no wider than a column, as a line break in the text begins one too. A word that is wider than the
 * column is cut where it is full. Each word is measured once, which is what makes a table of thousands of cells fast.
 */
export function wrapped(text: string, width: number, widthOf: WidthOf): string[] {
  return text.split(/\r\n|\r|\n/).flatMap((paragraph) => wrappedParagraph(paragraph, width, widthOf));
}

function wrappedParagraph(paragraph: string, width: number, widthOf: WidthOf): string[] {
  const lines: string[] = [];
  let line = '';
  let lineWidth = 0;
  const end = () => {
    lines.push(line.trimEnd());
    line = '';
    lineWidth = 0;
  };
  for (const piece of paragraph.match(PIECES) ?? []) {
    if (piece.trim() === '') {
      if (line !== '') {
        line += ' ';
        lineWidth += widthOf(' ');
      }
      continue;
    }
    let rest = piece;
    let restWidth = widthOf(rest);
    if (lineWidth + restWidth > width && line.trim() !== '') end();
    while (restWidth > width && rest.length > 1) {
      const head = fitting(rest, width, widthOf);
      lines.push(head);
      rest = rest.slice(head.length);
      restWidth = widthOf(rest);
    }
    line += rest;
    lineWidth += restWidth;
  }
  if (line.trim() !== '' || lines.length === 0) end();
  return lines;
}

/** As much of a word as fits, one letter at least. */
function fitting(word: string, width: number, widthOf: WidthOf): string {
  let head = '';
  let headWidth = 0;
  for (const letter of word) {
    headWidth += widthOf(letter);
    if (head !== '' && headWidth > width) break;
    head += letter;
  }
  return head;
}

/** Measures by a function, each text once. */
export function remembered(widthOf: WidthOf): WidthOf {
  const known = new Map<string, number>();
  return (text) => {
    const told = known.get(text);
    if (told !== undefined) return told;
    const width = widthOf(text);
    known.set(text, width);
    return width;
  };
}
