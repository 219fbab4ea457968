import { plainName } from '../names.ts';

/** What a column of the list is called, ours first; in whichever language its heading is written. */
const columns = {
  trade_name: ['tên thương phẩm', 'tên thuốc', 'product', '商品名'],
  registration: ['số đăng ký', 'registration number', '登记证号'],
  active_ingredients: ['hoạt chất', 'active ingredient', '有效成分'],
  dose_min: ['liều thấp nhất', 'liều tối thiểu', 'minimum dose', '最低剂量'],
  dose_max: ['liều cao nhất', 'liều tối đa', 'maximum dose', '最高剂量'],
  dose_unit: ['đơn vị liều', 'đơn vị', 'unit', '剂量单位'],
  phi_days: ['cách ly (ngày)', 'thời gian cách ly', 'phi', 'pre-harvest interval', '安全间隔期（天）'],
  rei_hours: ['vào lại (giờ)', 'thời gian vào lại', 'rei', 're-entry interval', '再进入间隔（小时）'],
  crops: ['cây trồng', 'crop', '作物'],
  pests: ['dịch hại', 'pest', '防治对象'],
  markets: ['thị trường', 'market', '市场'],
  max_applications: ['số lần tối đa', 'maximum applications', '每季最多次数'],
  source: ['nguồn', '来源'],
  source_date: ['ngày của nguồn', 'date of source', '来源日期'],
} as const;
export type Column = keyof typeof columns;

/** What may be left out, as a column or in a row. */
const OPTIONAL: ReadonlySet<Column> = new Set(['registration', 'pests', 'markets', 'max_applications']);
export const columnNames = Object.keys(columns) as Column[];
export const requiredColumns = columnNames.filter((name) => !OPTIONAL.has(name));

const byHeading = new Map(
  columnNames.flatMap((name) =>
    [name, ...columns[name]].map((heading) => [plainName(heading), name] as const),
  ),
);

export function columnOf(heading: string): Column | undefined {
  return byHeading.get(plainName(heading));
}
