import { once } from 'node:events';
import { createRequire } from 'node:module';
import PDFDocument from 'pdfkit';
import { remembered, type WidthOf, wrapped } from './lines.ts';
import type { Report } from './report.ts';
import { type Further, type Row, shownValue, type Table, written } from './table.ts';
import { fieldWords, type Words } from './words.ts';

const fonts = createRequire(import.meta.url);
/** Named by their files and by nothing else: pdfkit reads a font anew each time that it is asked for by a second name. */
const regular = fonts.resolve('@expo-google-fonts/be-vietnam-pro/400Regular/BeVietnamPro_400Regular.ttf');
const bold = fonts.resolve('@expo-google-fonts/be-vietnam-pro/600SemiBold/BeVietnamPro_600SemiBold.ttf');

/** Points; A4 lying. */
const MARGIN = 32;
const FOOTER = 26;
const PADDING = 3;
const TEXT = 7.5;
const green = '#1b5e37';
const grey = '#5b6660';
const line = '#c9d2cc';
const measuredFill = '#e4f1fb';
const withdrawnText = '#9a4a4a';
const LEADING = 9.4;
/** Of a section, what is said beneath it included. */
const HEADING = 60;
/** What is longer is cut, and says where the rest is: no row may be taller than a page. */
const MOST_IN_CELL = 800;
const MOST_FURTHER = 4_000;
/** Names of plots in a page's head. */
const MOST_PLACES = 90;

/** The report as a PDF with its fonts in it, so that every letter of Vietnamese stands on every screen and printer. */
export async function reportPdf(report: Report): Promise<Uint8Array> {
  const document = new PDFDocument({
    ...{ size: 'A4', layout: 'landscape', bufferPages: true, font: regular },
    margins: { top: MARGIN, left: MARGIN, right: MARGIN, bottom: MARGIN + FOOTER },
    info: {
      Title: `Nhật ký canh tác ${report.farm} ${written(report.fromDate)} – ${written(report.toDate)}`,
      Producer: 'Nông Tín',
    },
  });
  const parts: Uint8Array[] = [];
  document.on('data', (part: Uint8Array) => parts.push(part));
  const page = new Page(document);
  cover(page, report);
  for (const section of report.sections) {
    page.heading(section.heading, section);
    if (section.isMeasured)
      page.say(
        'Máy tự ghi từ số đo, không ai sửa được. / Measured and written by the gateway; nobody can change it.',
      );
    page.table(section);
    if (section.note !== '') page.say(section.note, true);
  }
  if (report.changes.rows.length > 0) {
    page.heading(['Các lần sửa, rút lại', 'Changes and withdrawals'], report.changes);
    page.table(report.changes);
  }
  signatures(page);
  const places = report.plots.rows.map(({ cells }) => cells[0]).join(', ');
  const days = `${written(report.fromDate)} – ${written(report.toDate)}`;
  page.margins({
    head: [
      `${report.farm} · ${places.length > MOST_PLACES ? `${places.slice(0, MOST_PLACES)}…` : places}`,
      days,
    ],
    foot: `Nhật ký canh tác / Farm diary · lập lúc ${written(report.madeAt)}`,
  });
  const ended = once(document, 'end');
  document.end();
  await ended;
  return Buffer.concat(parts);
}

function cover(page: Page, report: Report): void {
  const { document } = page;
  document
    .font(bold)
    .fontSize(24)
    .fillColor(green)
    .text('NHẬT KÝ CANH TÁC', MARGIN, MARGIN + 8);
  document
    .font(regular)
    .fontSize(12)
    .fillColor(grey)
    .text('Farm diary · VietGAP (TCVN 11892-1:2017) · GLOBALG.A.P.');
  document.moveDown(0.8).font(bold).fontSize(16).fillColor('black').text(report.farm);
  document.font(regular).fontSize(11);
  document.text(`Thời gian / Period: ${written(report.fromDate)} – ${written(report.toDate)}`);
  document.text(`Lập lúc / Made at: ${written(report.madeAt)}`).moveDown(0.4);
  document.fontSize(8.5);
  for (const [words, value] of report.facts) document.text(`${words.join(' / ')}: ${value}`);
  document.moveDown(0.8);
  page.title(['Lô trồng và mã số vùng trồng', 'Plots and planting-area codes']);
  page.table(report.plots);
  document.moveDown(0.6);
  const left = document.y;
  document.rect(MARGIN, left + 1, 9, 9).fill(measuredFill);
  document.font(regular).fontSize(8.5).fillColor('black');
  document.text(
    'Dòng nền xanh, cột nguồn “Đo”: máy tự ghi từ cảm biến và van, kèm số thứ tự trong nhật ký có chữ ký. Cột nguồn “Ghi”: do người ghi. / Blue rows, source “Đo”: measured, with their numbers in the signed journal. “Ghi”: written by a person.',
    MARGIN + 14,
    left,
    { width: page.width - 14 },
  );
}

function signatures(page: Page): void {
  const { document } = page;
  const height = 120;
  page.room(height + 30);
  document.moveDown(1.5);
  const top = document.y;
  const width = page.width / 3;
  const people: Words[] = [
    ['Người lập', 'Prepared by'],
    ['Đại diện hợp tác xã', 'For the cooperative'],
    ['Kiểm tra viên', 'Inspector'],
  ];
  for (const [n, [vietnamese, english]] of people.entries()) {
    const left = MARGIN + n * width;
    document
      .font(bold)
      .fontSize(10)
      .fillColor('black')
      .text(vietnamese, left, top, { width, align: 'center' });
    document
      .font(regular)
      .fontSize(8)
      .fillColor(grey)
      .text(english, left, top + 14, { width, align: 'center' });
    document.text('(ngày, ký, ghi rõ họ tên)', left, top + 26, { width, align: 'center' });
    document
      .moveTo(left + 30, top + height - 12)
      .lineTo(left + width - 30, top + height - 12)
      .stroke(line);
  }
  document.y = top + height;
}

/** Where the next thing goes, and a new page where there is no room for it. */
class Page {
  readonly document: PDFKit.PDFDocument;
  readonly width: number;
  readonly #bottom: number;
  /** Of text in tables. */
  readonly #regularWidth: WidthOf;
  readonly #boldWidth: WidthOf;

  constructor(document: PDFKit.PDFDocument) {
    this.document = document;
    const widthIn = (font: string) =>
      remembered((text) => document.font(font).fontSize(TEXT).widthOfString(text));
    [this.#regularWidth, this.#boldWidth] = [widthIn(regular), widthIn(bold)];
    this.width = document.page.width - 2 * MARGIN;
    this.#bottom = document.page.height - MARGIN - FOOTER;
  }

  /** Whether it had to begin a new page. */
  room(height: number): boolean {
    if (this.document.y + height <= this.#bottom) return false;
    this.document.addPage();
    this.document.y = MARGIN;
    return true;
  }

  /** With the head of its table and the first row: alone at the end of a page they say nothing. */
  heading(words: Words, table: Table): void {
    const { headings, widths } = this.#columns(table);
    const [first] = table.rows;
    const beginning = this.#headHeight(headings, widths) + (first ? this.#drawn(first, widths).height : 0);
    if (!this.room(HEADING + beginning)) this.document.moveDown(1.2);
    this.title(words, ` (${table.rows.length})`);
  }

  title([vietnamese, english]: Words, more = ''): void {
    const { document } = this;
    document.font(bold).fontSize(12).fillColor(green);
    document.text(`${vietnamese}${more}`, MARGIN, document.y, { continued: true });
    // By the smaller letters, of which the line ends: the larger ones reach further down.
    document.font(regular).fontSize(9).fillColor(grey).text(`   ${english}`).moveDown(0.6);
  }

  say(text: string, isBold = false): void {
    this.room(14);
    this.document
      .font(isBold ? bold : regular)
      .fontSize(8.5)
      .fillColor(isBold ? 'black' : grey);
    this.document.text(text, MARGIN, this.document.y + 2, { width: this.width }).moveDown(0.3);
  }

  table(table: Table): void {
    const { headings, widths } = this.#columns(table);
    this.#head(headings, widths);
    for (const row of table.rows) {
      const drawn = this.#drawn(row, widths);
      if (this.room(drawn.height)) this.#head(headings, widths);
      this.#row(drawn, widths);
    }
  }

  #columns({ columns }: Table) {
    const parts = columns.reduce((sum, { width }) => sum + width, 0);
    return {
      headings: columns.map(({ heading }) => heading),
      widths: columns.map(({ width }) => (width / parts) * this.width),
    };
  }

  #headHeight(headings: readonly Words[], widths: readonly number[]): number {
    const lines = headings.map((words, n) =>
      this.#linesOf([...new Set(words)].join('\n'), widths[n] ?? 0, this.#boldWidth),
    );
    return heightOf(lines) + 2 * PADDING;
  }

  #head(headings: readonly Words[], widths: readonly number[]): void {
    const { document } = this;
    const lines = headings.map((words, n) =>
      this.#linesOf([...new Set(words)].join('\n'), widths[n] ?? 0, this.#boldWidth),
    );
    const top = document.y;
    const height = heightOf(lines) + 2 * PADDING;
    document.rect(MARGIN, top, this.width, height).fill('#e6efe9');
    document.font(bold).fontSize(TEXT).fillColor(green);
    this.#cells(lines, widths, top);
    this.#under(top + height);
  }

  /** A row as it will be drawn, without drawing it. */
  #drawn({ cells, further, isMeasured, isWithdrawn }: Row, widths: readonly number[]): DrawnRow {
    const lines = cells.map((value, n) =>
      this.#linesOf(cut(shownValue(value), MOST_IN_CELL), widths[n] ?? 0, this.#regularWidth),
    );
    const besides = cut(besidesOf(further), MOST_FURTHER);
    const under = besides === '' ? [] : this.#linesOf(besides, this.#underWidth(widths), this.#regularWidth);
    const height = heightOf(lines) + under.length * LEADING + 2 * PADDING;
    return { lines, under, height, isMeasured: isMeasured === true, isWithdrawn: isWithdrawn === true };
  }

  #row({ lines, under, height, isMeasured, isWithdrawn }: DrawnRow, widths: readonly number[]): void {
    const { document } = this;
    const top = document.y;
    if (isMeasured) document.rect(MARGIN, top + 0.4, this.width, height - 0.4).fill(measuredFill);
    document
      .font(regular)
      .fontSize(TEXT)
      .fillColor(isWithdrawn ? withdrawnText : 'black');
    this.#cells(lines, widths, top, isWithdrawn);
    const left = MARGIN + (widths[0] ?? 0) + PADDING;
    if (!isWithdrawn) document.fillColor(grey);
    this.#lines(under, left, top + PADDING + heightOf(lines));
    this.#under(top + height);
  }

  /** Beneath the other columns: the first tells the source of the row. */
  #underWidth(widths: readonly number[]): number {
    return this.width - (widths[0] ?? 0);
  }

  #linesOf(text: string, width: number, widthOf: WidthOf): string[] {
    return text === '' ? [] : wrapped(text, width - 2 * PADDING, widthOf);
  }

  #cells(
    lines: readonly (readonly string[])[],
    widths: readonly number[],
    top: number,
    isStruck = false,
  ): void {
    let left = MARGIN;
    for (const [n, ofCell] of lines.entries()) {
      this.#lines(ofCell, left + PADDING, top + PADDING);
      if (isStruck && n > 0) this.#strike(ofCell, left + PADDING, top + PADDING);
      left += widths[n] ?? 0;
    }
  }

  #lines(lines: readonly string[], left: number, top: number): void {
    for (const [n, text] of lines.entries())
      if (text !== '') this.document.text(text, left, top + n * LEADING, { lineBreak: false });
  }

  #strike(lines: readonly string[], left: number, top: number): void {
    const { document } = this;
    document.lineWidth(0.5);
    for (const [n, text] of lines.entries()) {
      const y = top + n * LEADING + LEADING / 2;
      document
        .moveTo(left, y)
        .lineTo(left + this.#regularWidth(text), y)
        .stroke(withdrawnText);
    }
  }

  /** The line beneath a row; what comes next begins there. */
  #under(bottom: number): void {
    const { document } = this;
    document
      .lineWidth(0.5)
      .moveTo(MARGIN, bottom)
      .lineTo(MARGIN + this.width, bottom)
      .stroke(line);
    document.x = MARGIN;
    document.y = bottom;
  }

  /** Once all pages are there: how many they are, and on each of them whose diary it is. */
  margins({ head: [left, right], foot }: { head: readonly [string, string]; foot: string }): void {
    const { document } = this;
    const { count } = document.bufferedPageRange();
    for (let n = 0; n < count; n++) {
      document.switchToPage(n);
      // Text below the margin would begin a new page.
      document.page.margins.bottom = 0;
      const bottom = document.page.height - MARGIN - 8;
      document.font(regular).fontSize(8).fillColor(grey);
      const across = (text: string, more: string, top: number) => {
        document.text(text, MARGIN, top, { lineBreak: false });
        document.text(more, MARGIN + this.width - document.widthOfString(more), top, { lineBreak: false });
      };
      // The cover says it by itself.
      if (n > 0) across(left, right, MARGIN / 2);
      across(foot, `Trang / Page ${n + 1} / ${count}`, bottom);
    }
  }
}

interface DrawnRow {
  /** Of each cell. */
  readonly lines: readonly (readonly string[])[];
  /** What stands beneath them, across the table. */
  readonly under: readonly string[];
  readonly height: number;
  readonly isMeasured: boolean;
  readonly isWithdrawn: boolean;
}

function heightOf(cells: readonly (readonly string[])[]): number {
  return Math.max(1, ...cells.map((lines) => lines.length)) * LEADING;
}

function besidesOf(further: Further | undefined): string {
  if (further === undefined) return '';
  const fields = Object.entries(further.fields).map(
    ([name, value]) => `${fieldWords[name]?.[0] ?? name}: ${shownValue(value)}`,
  );
  return [...further.marks, ...fields].map((one) => one.replace(/[.\s]+$/, '')).join(' · ');
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)}… (đủ trong tệp XLSX)` : text;
}
