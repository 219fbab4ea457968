import type { Reason } from '@nongtin/broker/wire';
import type { Due } from './escalation.ts';
import { momentText, type Sentences, sentenceOf } from './sentences.ts';
import type { Language, Priority } from './settings.ts';

/** One alarm as a message tells it. */
interface Line {
  readonly what: Due['what'];
  readonly priority: Priority;
  readonly source: string;
  readonly reason: Reason;
  readonly raisedAtMs: number;
  /** Alarms that this one is the cause of. */
  readonly behind: number;
}

/** What a message says, before it is put into words; kept with it. */
export type Content =
  | { readonly kind: 'test'; readonly by: string }
  | {
      readonly kind: 'alarms';
      /** The worst, of which there is room. */
      readonly lines: readonly Line[];
      /** Of all: those that call, those told again, those that are over. */
      readonly counts: { readonly new: number; readonly again: number; readonly over: number };
    };

const MOST_LINES = 8;

export function contentOf(dues: readonly Due[]): Content {
  const counts = { new: 0, again: 0, over: 0 };
  for (const { what } of dues) counts[what] += 1;
  const lines = dues.slice(0, MOST_LINES).map(({ what, alarm }) => {
    const { priority, source, reason, raisedAtMs, behind } = alarm;
    return { what, priority, source, reason, raisedAtMs, behind };
  });
  return { kind: 'alarms', lines, counts };
}

interface WordsOptions {
  readonly language: Language;
  readonly sentences: Sentences;
  readonly site: string;
  readonly timeZone: string;
  readonly link: string | null;
  /** What people call a source. */
  readonly nameOf?: (source: string) => string | undefined;
}

export interface Words {
  readonly title: string;
  readonly text: string;
  readonly short: string;
}

/** Three parts of an SMS in UCS-2 (67 characters each): what is longer costs more and is read no better. */
const MOST_SHORT = 201;

export function wordsOf(content: Content, options: WordsOptions): Words {
  const { language, site, link } = options;
  const say = phrases[language];
  if (content.kind === 'test') {
    const title = `${site}: ${say.test}`;
    const text = [say.testText(content.by), link].filter((one) => one !== null).join('\n');
    return { title, text: `${title}\n${text}`, short: title };
  }
  const { lines, counts } = content;
  const calling = counts.new + counts.again;
  const title = `${site}: ${titleOf(content, language)}`;
  const told = lines.map((line) => lineText(line, options));
  const left = calling + counts.over - lines.length;
  const text = [title, ...told, left > 0 ? say.more(left) : null, link]
    .filter((one) => one !== null)
    .join('\n');
  return { title, text, short: shortOf(title, lines, options) };
}

function titleOf({ lines, counts }: Extract<Content, { kind: 'alarms' }>, language: Language): string {
  const say = phrases[language];
  const calling = counts.new + counts.again;
  if (calling === 0) return say.over(counts.over);
  const [worst] = lines;
  const heading = say.priority[worst?.priority ?? 'low'];
  const again = counts.new === 0 ? ` ${say.again}` : '';
  const over = counts.over > 0 ? `, ${say.over(counts.over)}` : '';
  return calling === 1 ? `${heading}${again}${over}` : `${say.alarms(calling)}${again}${over}`;
}

function lineText(line: Line, { language, sentences, timeZone, nameOf }: WordsOptions): string {
  const say = phrases[language];
  const mark = line.what === 'over' ? say.lineOver : line.what === 'again' ? say.lineAgain : '';
  const sentence = sentenceOf(line.reason, language, sentences, timeZone);
  const behind = line.behind > 0 ? ` ${say.behind(line.behind)}` : '';
  return `• ${momentText(line.raisedAtMs, language, timeZone)} ${nameOf?.(line.source) ?? line.source}: ${mark}${sentence}${behind}`;
}

/** The worst one in full, the others by number; the link whole or not at all, for half of one leads nowhere. */
function shortOf(title: string, lines: readonly Line[], options: WordsOptions): string {
  const { language, sentences, timeZone, link, nameOf } = options;
  const [first] = lines;
  const said =
    first === undefined
      ? ''
      : `${nameOf?.(first.source) ?? first.source}: ${sentenceOf(first.reason, language, sentences, timeZone)}`;
  const end = link === null || link.length > MOST_SHORT / 2 ? '' : ` ${link}`;
  const room = MOST_SHORT - end.length;
  const words = [...`${title}. ${said}`];
  return `${words.length <= room ? words.join('') : `${words.slice(0, room - 1).join('')}…`}${end}`;
}

/** What a message says beside the sentences of reasons. */
const phrases = {
  vi: {
    test: 'tin thử',
    testText: (by: string) =>
      `${by} đã xin gửi tin thử. Nhận được tin này nghĩa là báo động sẽ tới bạn bằng cách này.`,
    priority: { critical: 'báo động KHẨN', high: 'báo động', low: 'lưu ý' },
    alarms: (count: number) => `${count} báo động`,
    again: '(nhắc lại, chưa ai nhận)',
    over: (count: number) => (count === 1 ? 'một báo động đã hết' : `${count} báo động đã hết`),
    lineOver: 'đã hết. ',
    lineAgain: 'vẫn còn. ',
    behind: (count: number) => `(và ${count} báo động khác cùng nguyên nhân)`,
    more: (count: number) => `… và ${count} báo động khác`,
  },
  en: {
    test: 'test message',
    testText: (by: string) =>
      `${by} asked for a test message. If you read it, alarms will reach you this way.`,
    priority: { critical: 'CRITICAL alarm', high: 'alarm', low: 'notice' },
    alarms: (count: number) => `${count} alarms`,
    again: '(again, nobody has acknowledged)',
    over: (count: number) => (count === 1 ? 'one alarm is over' : `${count} alarms are over`),
    lineOver: 'over. ',
    lineAgain: 'still there. ',
    behind: (count: number) => `(and ${count} more of the same cause)`,
    more: (count: number) => `… and ${count} more`,
  },
  zh: {
    test: '测试消息',
    testText: (by: string) => `${by} 请求发送测试消息。收到即表示报警可以这样通知您。`,
    priority: { critical: '紧急报警', high: '报警', low: '提示' },
    alarms: (count: number) => `${count} 条报警`,
    again: '（再次提醒，尚无人确认）',
    over: (count: number) => `${count} 条报警已解除`,
    lineOver: '已解除。',
    lineAgain: '仍存在。',
    behind: (count: number) => `（另有 ${count} 条由同一原因引起）`,
    more: (count: number) => `……还有 ${count} 条`,
  },
} as const;
