import type { ReplaySummary } from './summary.ts';

const MOST_SHOWN = 50;

/** The summary as text, for whoever helps a farm. */
export function inWords(summary: ReplaySummary): string {
  const { devices, unmapped, unreadable, skipped, otherTopics } = summary;
  const parts = [
    heading(summary),
    ...devices.map(({ device, series }) => [`\n${device}`, ...series.map(seriesLine)].join('\n')),
    list(
      'Not mapped to a metric (kept as raw)',
      unmapped.length,
      unmapped.map(
        ({ device, field, count, lastValue }) => `${device}  ${field}  ×${count}, last ${lastValue}`,
      ),
    ),
    list(
      'Quarantined',
      summary.quarantined,
      unreadable.map(
        ({ line, device, topic, cause, detail }) => `line ${line}  ${device}  ${topic}  ${cause}: ${detail}`,
      ),
    ),
    list(
      'Lines that hold no message',
      summary.skippedLines,
      skipped.map(({ line, reason }) => `line ${line}: ${reason}`),
    ),
    list(
      'Topics on which no device speaks',
      otherTopics.length,
      otherTopics.map(
        ({ topic, count, reason }) =>
          `${topic}  ×${count}  ${reason === 'command' ? 'a command' : 'not in the table of topics'}`,
      ),
    ),
    summary.into === null ? '' : `\nJournal and series are in ${summary.into}.`,
  ];
  return `${parts.filter((part) => part !== '').join('\n')}\n`;
}

function heading(summary: ReplaySummary): string {
  const { file, lines, messages, readings, devices, duplicates, missing, statuses, ignored } = summary;
  const span =
    summary.firstAtMs === null ? '' : `, ${time(summary.firstAtMs)} to ${time(summary.lastAtMs ?? 0)}`;
  return [
    `${file}: ${lines} lines, ${messages} messages, ${readings} readings of ${devices.length} devices${span}`,
    `duplicates ${duplicates}, values missing ${missing}, online or offline ${statuses}, without a reading ${ignored}`,
  ].join('\n');
}

function seriesLine({
  metric,
  channel,
  count,
  min,
  max,
  last,
  flags,
}: ReplaySummary['devices'][number]['series'][number]): string {
  const name = channel === '' ? metric : `${metric} (${channel})`;
  const flagged = Object.entries(flags).map(([flag, times]) => `${flag} ×${times}`);
  const figures = `×${count}  ${round(min)} … ${round(max)}, last ${round(last)}`;
  return `  ${name.padEnd(36)} ${[figures, ...flagged].join('  ')}`;
}

function list(title: string, total: number, lines: readonly string[]): string {
  if (total === 0) return '';
  const shown = lines.slice(0, MOST_SHOWN);
  const rest = total - shown.length;
  return [
    `\n${title}:`,
    ...shown.map((line) => `  ${printable(line)}`),
    ...(rest > 0 ? [`  and ${rest} more`] : []),
  ].join('\n');
}

/** Payloads may hold anything; a terminal shall not obey it. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, '\uFFFD');
}

function round(value: number): number {
  return Number(value.toPrecision(6));
}

function time(ms: number): string {
  return new Date(ms).toISOString();
}
