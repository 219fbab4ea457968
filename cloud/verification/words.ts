import type { VerifyAnswer } from './answer.ts';

export type Language = 'vi' | 'en';

/** The language asked for in the link, else the first of the browser's that we have, else Vietnamese. */
export function languageOf(asked: string | undefined, acceptLanguage: string | undefined): Language {
  if (asked === 'vi' || asked === 'en') return asked;
  const wanted = (acceptLanguage ?? '')
    .split(',')
    .map((part) => {
      const [tag = '', ...parameters] = part.trim().toLowerCase().split(';');
      const quality = parameters.find((parameter) => parameter.trim().startsWith('q='));
      return { tag, quality: quality === undefined ? 1 : Number(quality.trim().slice(2)) || 0 };
    })
    .filter(({ tag, quality }) => tag !== '' && quality > 0)
    .sort((a, b) => b.quality - a.quality);
  for (const { tag } of wanted) {
    if (tag === 'vi' || tag.startsWith('vi-')) return 'vi';
    // English also for those who read neither: more of them read it than Vietnamese.
    if (tag !== '*') return 'en';
  }
  return 'vi';
}

interface Words {
  readonly ours: string;
  readonly noProof: string;
  readonly status: Readonly<Record<StatusKey, string>>;
  readonly product: string;
  readonly cooperative: string;
  readonly lot: string;
  readonly plot: string;
  readonly code: string;
  readonly harvested: string;
  readonly quantity: string;
  readonly badLink: string;
  readonly locale: string;
}

type StatusKey = VerifyAnswer['answer'] | 'typo' | 'root_missing';

export const words: Readonly<Record<Language, Words>> = {
  vi: {
    ours: 'Câu trả lời của máy chủ chúng tôi',
    noProof:
      'Đây là lời của máy chủ chúng tôi, chưa phải là bằng chứng. Trình duyệt có JavaScript sẽ tự kiểm tra trên chuỗi khối.',
    status: {
      genuine: 'Tem này do chúng tôi phát hành và bằng chứng của nó đã có trên chuỗi khối.',
      not_yet_final:
        'Tem này do chúng tôi phát hành; bằng chứng đã lên chuỗi khối nhưng khối chưa được chốt. Vui lòng xem lại sau vài phút.',
      waiting: 'Tem này do chúng tôi phát hành, nhưng bằng chứng còn chờ được ghi lên chuỗi khối.',
      not_ours: 'Chúng tôi không phát hành tem này. Hàng có thể là hàng giả.',
      typo: 'Mã tem có một ký tự sai. Hãy quét lại, hoặc gõ lại cẩn thận.',
      cannot_check:
        'Tem này có trong sổ của chúng tôi, nhưng lúc này không hỏi được chuỗi khối nên chưa thể xác nhận.',
      root_missing:
        'Tem này có trong sổ của chúng tôi, nhưng chuỗi khối không có bằng chứng của nó. Chưa thể xác nhận là thật.',
    },
    product: 'Sản phẩm',
    cooperative: 'Hợp tác xã',
    lot: 'Lô',
    plot: 'Thửa',
    code: 'Mã số vùng trồng',
    harvested: 'Ngày thu hoạch',
    quantity: 'Khối lượng lô',
    badLink: 'Liên kết này không phải là mã tem đúng. Hãy quét lại tem; nếu gõ tay, hãy kiểm tra từng ký tự.',
    locale: 'vi-VN',
  },
  en: {
    ours: "Our server's answer",
    noProof:
      'This is the word of our own server and no proof yet. A browser with JavaScript checks it against the chain by itself.',
    status: {
      genuine: 'We issued this stamp, and its proof stands on the chain.',
      not_yet_final:
        'We issued this stamp; its proof is on the chain, but its block is not final yet. Look again in a few minutes.',
      waiting: 'We issued this stamp, but its proof still waits to be written to the chain.',
      not_ours: 'We did not issue this stamp. The goods may be counterfeit.',
      typo: 'The code holds a wrong character. Scan it again, or type it with care.',
      cannot_check:
        'This stamp is in our books, but the chain cannot be asked just now, so it cannot be confirmed.',
      root_missing:
        'This stamp is in our books, but the chain does not hold its proof. It cannot be confirmed as genuine.',
    },
    product: 'Product',
    cooperative: 'Cooperative',
    lot: 'Lot',
    plot: 'Plot',
    code: 'Planting-area code',
    harvested: 'Harvested',
    quantity: 'Lot size',
    badLink:
      'This link is not a stamp code as printed. Scan the stamp again; if you typed it, check each character.',
    locale: 'en-GB',
  },
};

export function statusOf(answer: VerifyAnswer): StatusKey {
  if (answer.problem === 'check_character') return 'typo';
  if (answer.problem === 'root_missing') return 'root_missing';
  return answer.answer;
}
