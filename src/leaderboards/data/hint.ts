import { headlineOf, KEYPOINT_METRIC_KEYS } from '../../metrics/index.js';
import { csvRecords } from '../../text/csv-reader.js';
import { rowOf, type CsvRecord, type PublishedTable } from '../published-table.js';
import { FULL_MIXTURE, HAMBA_PAPER } from './hamba-paper.js';

/**
 * HInt as Table 5 of the Hamba paper reports it (Dong et al., NeurIPS 2024, arXiv 2407.09646): PCK in
 * percent over all labelled joints, the visible or the occluded ones.
 */
const CSV = `
method,paper_reference,venue,joints,newdays_pck_0_05,newdays_pck_0_1,newdays_pck_0_15,visor_pck_0_05,visor_pck_0_1,visor_pck_0_15,ego4d_pck_0_05,ego4d_pck_0_1,ego4d_pck_0_15
METRO,51,CVPR 2021,all,14.7,38.8,57.3,16.8,45.4,65.7,13.2,35.7,54.3
FrankMocap,76,ICCVW 2021,all,16.1,41.4,60.2,16.8,45.6,66.2,13.1,36.9,55.8
MeshGraphormer,52,ICCV 2021,all,16.8,42.0,59.7,19.1,48.5,67.4,14.6,38.2,56.0
HandOccNet (param),68,CVPR 2022,all,9.1,28.4,47.8,8.1,27.7,49.3,7.7,26.5,47.7
HandOccNet (no param),68,CVPR 2022,all,13.7,39.1,59.3,12.4,38.7,61.8,10.9,35.1,58.9
HaMeR,70,CVPR 2024,all,48.0,78.0,88.8,43.0,76.9,89.3,38.9,71.3,84.4
HaMeR-170k,70,CVPR 2024,all,46.9,78.6,89.7,44.4,79.3,91.1,37.3,71.6,85.1
Hamba,,NeurIPS 2024,all,48.7,79.2,90.0,47.2,80.2,91.2,41.7,72.9,85.5
METRO,51,CVPR 2021,vis,19.2,47.6,66.0,19.7,51.9,72.0,15.8,41.7,60.3
FrankMocap,76,ICCVW 2021,vis,20.1,49.2,67.6,20.4,52.3,71.6,16.3,43.2,62.0
MeshGraphormer,52,ICCV 2021,vis,22.3,51.6,68.8,23.6,56.4,74.7,18.4,45.6,63.2
HandOccNet (param),68,CVPR 2022,vis,10.2,31.4,51.2,8.5,27.9,49.8,7.3,26.1,48.0
HandOccNet (no param),68,CVPR 2022,vis,15.7,43.4,64.0,13.1,39.9,63.2,11.2,36.2,60.3
HaMeR,70,CVPR 2024,vis,60.8,87.9,94.4,56.6,88.0,94.7,52.0,83.2,91.3
HaMeR-170k,70,CVPR 2024,vis,58.1,87.8,94.7,57.2,88.7,95.4,49.6,82.5,91.4
Hamba,,NeurIPS 2024,vis,61.2,88.4,94.9,61.4,89.6,95.6,56.0,84.3,91.9
METRO,51,CVPR 2021,occ,7.0,23.6,42.4,10.2,32.4,53.9,8.1,26.2,44.7
FrankMocap,76,ICCVW 2021,occ,9.2,28.0,46.9,11.0,33.0,55.0,8.4,26.9,45.1
MeshGraphormer,52,ICCV 2021,occ,7.9,25.7,44.3,10.9,33.3,54.1,8.3,26.9,44.6
HandOccNet (param),68,CVPR 2022,occ,7.2,23.5,42.4,7.4,26.1,46.7,8.0,26.1,45.7
HandOccNet (no param),68,CVPR 2022,occ,9.8,31.2,50.8,9.9,33.7,55.4,9.6,31.1,52.7
HaMeR,70,CVPR 2024,occ,27.2,60.8,78.9,25.9,60.8,80.7,23.0,56.9,76.3
HaMeR-170k,70,CVPR 2024,occ,28.9,62.4,80.5,29.4,65.7,83.9,24.6,58.7,77.7
Hamba,,NeurIPS 2024,occ,28.2,62.8,81.1,29.9,66.6,84.3,25.2,59.2,77.6
`;

/** HInt's three sets by the prefix of their columns. */
const SETS = { 'hint-newdays': 'newdays', 'hint-visor': 'visor', 'hint-ego4d': 'ego4d' } as const;

export const PUBLISHED_HINT: readonly PublishedTable[] = Object.entries(SETS).map(([dataset, set]) =>
  hintTable(dataset, `${set}_`),
);

/** Three rows a method, one for each subset of the joints, become one; percent becomes shares, as in metrics.json. */
function hintTable(dataset: string, prefix: string): PublishedTable {
  const records = csvRecords(CSV);
  const columns = Object.keys(records[0]!).filter((name) => name.startsWith(prefix));
  const methods = new Map<string, { first: CsvRecord; printed: Map<string, string> }>();
  for (const record of records) {
    const name = record.method!;
    const method = methods.get(name) ?? { first: record, printed: new Map<string, string>() };
    methods.set(name, method);
    for (const column of columns) {
      const percent = record[column]!;
      // One decimal of a percent is three of a share.
      const share = (Number(percent) / 100).toFixed(3);
      if (percent !== '') method.printed.set(`${column.slice(prefix.length)}_${record.joints!}`, share);
    }
  }
  const all = [...methods.values()];
  const metrics = KEYPOINT_METRIC_KEYS.filter((key) => all.some(({ printed }) => printed.has(key)));
  return {
    dataset,
    source: { ...HAMBA_PAPER, table: 'Table 5' },
    metrics,
    rankedBy: headlineOf(metrics)!,
    hasBackbones: false,
    rows: all.map(({ first, printed }) => rowOf(first, printed)),
    remarks: [FULL_MIXTURE],
    discrepancies: [],
  };
}
