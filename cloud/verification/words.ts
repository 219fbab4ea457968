import type { VerifyAnswer } from './answer.ts';

const languages = ['vi', 'en', 'zh'] as const;
export type Language = (typeof languages)[number];

/** The language asked for in the link, else the first of the browser's that we have, else Vietnamese. */
export function languageOf(asked: string | undefined, acceptLanguage: string | undefined): Language {
  const named = languages.find((one) => one === asked);
  if (named !== undefined) return named;
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
    const ours = languages.find((one) => tag === one || tag.startsWith(`${one}-`));
    if (ours !== undefined) return ours;
    // English also for those who read none of them: more of them read it than Vietnamese.
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

type StatusKey = VerifyAnswer['answer'] | 'spoiled' | 'typo' | 'root_missing';

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
      withdrawn: 'Tem này đã bị thu hồi hoặc huỷ. Đừng dùng hàng mang tem này; hãy hỏi nơi bán.',
      spoiled: 'Hợp tác xã đã báo tem này in hỏng và bỏ đi. Nếu nó nằm trên hàng, đừng tin; hãy hỏi nơi bán.',
      not_ours: 'Chúng tôi không phát hành tem này. Hàng có thể là hàng giả.',
      typo: 'Mã tem có ký tự không đúng, hoặc không đủ 20 ký tự. Mã không bao giờ có chữ I, L, O, U: hãy thử số 1 và số 0. Hãy quét lại hoặc gõ lại thật cẩn thận. Nếu quét vẫn ra kết quả này thì không phải tem của chúng tôi.',
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
      withdrawn: 'This stamp was recalled or voided. Do not use the goods; ask where you bought them.',
      spoiled:
        'The cooperative has told that this print was spoiled and thrown away. If it is on goods, do not trust it; ask where you bought them.',
      not_ours: 'We did not issue this stamp. The goods may be counterfeit.',
      typo: 'The code holds a wrong character, or not 20 of them. I, L, O and U are never among them: try 1 and 0. Scan it again, or type it with care. If a scan says this again, it is not one of our stamps.',
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
  zh: {
    ours: '我们服务器的答复',
    noProof: '这只是我们服务器的说法，还不是证明。支持 JavaScript 的浏览器会自行与区块链核对。',
    status: {
      genuine: '此标签由我们发行，其证明已在区块链上。',
      not_yet_final: '此标签由我们发行；其证明已在区块链上，但所在区块尚未最终确定。请几分钟后再看。',
      waiting: '此标签由我们发行，但其证明仍在等待写入区块链。',
      withdrawn: '此标签已被召回或作废。请勿使用该商品，并向销售处询问。',
      spoiled: '合作社已报告此标签印坏并丢弃。如果它贴在商品上，请勿相信，并向销售处询问。',
      not_ours: '我们没有发行过此标签。商品可能是假冒的。',
      typo: '编码中有错误的字符，或不足20个字符。其中从不含 I、L、O、U：请试试 1 和 0。请重新扫描，或仔细重新输入。如果扫描后仍如此，则不是我们的标签。',
      cannot_check: '此标签在我们的记录中，但目前无法查询区块链，因此不能确认。',
      root_missing: '此标签在我们的记录中，但区块链上没有它的证明。不能确认为真标签。',
    },
    product: '商品',
    cooperative: '合作社',
    lot: '批号',
    plot: '地块',
    code: '种植区代码',
    harvested: '采收日期',
    quantity: '批次重量',
    badLink: '此链接不是标签上印的编码。请重新扫描标签；如果是手工输入，请逐个核对字符。',
    locale: 'zh-CN',
  },
};

export function statusOf(answer: VerifyAnswer): StatusKey {
  if (answer.answer === 'not_ours') return answer.problem === 'unknown' ? 'not_ours' : 'typo';
  if (answer.problem === 'root_missing') return 'root_missing';
  if (answer.stamp?.state === 'spoiled') return 'spoiled';
  return answer.answer;
}
