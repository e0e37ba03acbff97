/**
 * Diagnosis before numbers: what a look at some samples tells about predictions
 * and ground truth. docs/diagnosis.md has every finding and the reasons for
 * every threshold.
 */
import type { Finding } from './finding.js';
import { bringToDeclaredOrder, findVertexOrder } from './joint-order.js';
import { findListOrder, type ListShifts } from './list-order.js';
import { bringToDeclaredAxes } from './orientation.js';
import { siftConstant, siftCopies, siftPlaceholders } from './placeholders.js';
import { bringBeforeCamera, findApart, findPlacement, bringTruthToDeclaredAxes } from './placement.js';
import { isPaired, type Part, partsOf, type SampleProbe } from './probe.js';
import { bringToMetres } from './units.js';

/** Codes of `diagnoseSamples`, the gravest first: the order findings are returned in. */
export const SAMPLE_FINDING_CODES = [
  'truth-placeholder',
  'truth-constant',
  'truth-units',
  'truth-axes',
  'predictions-placeholder',
  'predictions-constant',
  'predictions-partly-placeholder',
  'predictions-repeated',
  'list-shifted',
  'list-permuted',
  'list-unrelated',
  'joint-order',
  'vertex-order',
  'predictions-units',
  'predictions-scale',
  'predictions-mirrored',
  'predictions-axes',
  'joints-apart-from-mesh',
  'predictions-behind-camera',
  'predictions-root-relative',
  'predictions-far-away',
  'some-predictions-mirrored',
] as const;

export type SampleFindingCode = (typeof SAMPLE_FINDING_CODES)[number];

function byName(parts: readonly Part[], name: Part['name']): Part | undefined {
  return parts.find((part) => part.name === name);
}

function replaced(parts: readonly Part[], part: Part): Part[] {
  return parts.map((other) => (other.name === part.name ? part : other));
}

function gravestFirst(findings: readonly Finding[]): Finding[] {
  const rank = ({ code }: Finding): number => SAMPLE_FINDING_CODES.indexOf(code as SampleFindingCode);
  return [...findings].sort((a, b) => rank(a) - rank(b));
}

/**
 * Findings about the samples of a probe, the gravest first; none for an honest
 * model, however bad. A mistake that is found is taken back before the next
 * check, so that each has one finding. Rows that hold NaN or infinity are
 * passed over. The arrays are only read.
 *
 * @param known shifts that were found in the whole list; without it, those that show in the probe are told.
 * @throws RangeError when an array's length does not fit the counts.
 */
export function diagnoseSamples(probe: SampleProbe, known?: ListShifts): Finding[] {
  const indices = probe.indices ?? Array.from({ length: probe.count }, (_, row) => row);
  const findings: Finding[] = [];
  let parts: Part[] = partsOf(probe);
  const take = (step: { findings: Finding[]; parts: Part[] }): void => {
    findings.push(...step.findings);
    parts = step.parts;
  };

  take(siftPlaceholders(parts, indices));
  take(bringToMetres(parts, probe.jointOrder));
  take(bringTruthToDeclaredAxes(parts, probe.axes));
  take(siftConstant(parts));
  take(siftCopies(parts, probe.count, indices));

  const joints = byName(parts, 'joints');
  if (isPaired(joints)) {
    const ordered = bringToDeclaredOrder(joints, byName(parts, 'vertices'), probe.jointOrder);
    take({ findings: ordered.findings, parts: replaced(parts, ordered.joints) });
  }
  const list = findListOrder(
    parts.filter((part) => isPaired(part)),
    indices,
    known,
  );
  findings.push(...list.findings);
  // Samples that are compared with the wrong truth have nothing more to tell.
  parts = parts.map((part) => ({
    ...part,
    rows: part.rows.filter((row) => !list.isMisplaced(indices[row]!)),
  }));
  if (list.findings.length > 0 && parts.every(({ rows }) => rows.length === 0)) return gravestFirst(findings);
  const oriented = bringToDeclaredAxes(parts, probe.axes);
  const truthTurned = findings.some(({ code }) => code === 'truth-axes');
  // Predictions that agree with wrongly declared truth share its one mistake.
  const told = oriented.findings.filter(({ code }) => !truthTurned || code !== 'predictions-axes');
  take({ findings: told, parts: oriented.parts });
  const [ordered, mesh] = [byName(parts, 'joints'), byName(parts, 'vertices')];
  if (isPaired(ordered) && isPaired(mesh)) findings.push(...findVertexOrder(ordered, mesh));
  const apart = findings.some(({ code }) => code === 'vertex-order') ? [] : findApart(ordered, mesh);
  findings.push(...apart);
  // With wrong axes the side has been told already.
  if (oriented.findings.length === 0) take(bringBeforeCamera(parts));
  findings.push(...findPlacement(parts, probe.jointOrder, apart.length > 0));
  return gravestFirst(findings);
}
