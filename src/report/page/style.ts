/**
 * How the page looks: a page of a paper's supplement. Runs keep their colour everywhere; the colours of
 * runs are Okabe and Ito's (jfly.uni-koeln.de/color, 2008), those of errors ColorBrewer's YlOrBr, both
 * told apart with any common colour vision; lines differ in their dashes too.
 */
export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: light-dark(#fffefb, #15171a);
  --raised: light-dark(#f6f4ee, #1e2125);
  --ink: light-dark(#1b1b1a, #e8e6e1);
  --soft: light-dark(#5b5a55, #a9a7a0);
  --rule: light-dark(#d9d6cc, #3a3d42);
  --truth: light-dark(#8d8c86, #b9b7b0);
  --accent: light-dark(#00588a, #79c3ef);
  --q0: light-dark(#ffffe5, #33190d);
  --q1: light-dark(#fff7bc, #552409);
  --q2: light-dark(#fee391, #7c3205);
  --q3: light-dark(#fec44f, #a54303);
  --q4: light-dark(#fe9929, #cc5a08);
  --q5: light-dark(#ec7014, #ec7014);
  --q6: light-dark(#cc4c02, #fe9929);
  --q7: light-dark(#993404, #fec44f);
  --q8: light-dark(#662506, #fff7bc);
  --serif: 'Iowan Old Style', 'Palatino Linotype', Palatino, 'URW Palladio L', P052, Georgia, serif;
  --sans: system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif;
}
:root[data-theme='light'] { color-scheme: light; }
:root[data-theme='dark'] { color-scheme: dark; }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1.0625rem/1.55 var(--serif); }
main, header.top, footer { max-width: 64rem; margin: 0 auto; padding: 0 1.25rem; }
p, .prose { max-width: 42rem; }
a { color: var(--accent); text-underline-offset: 0.15em; }
h1 { font-size: 1.9rem; line-height: 1.2; font-weight: 600; margin: 0 0 0.4rem; letter-spacing: -0.01em; text-wrap: balance; }
h2 { font-size: 1.3rem; line-height: 1.3; font-weight: 600; margin: 3.2rem 0 0.6rem; }
h3 { font-size: 1.05rem; font-weight: 600; margin: 2rem 0 0.3rem; }
h4 { font: 600 0.9rem/1.3 var(--sans); margin: 0; overflow-wrap: anywhere; }
header.top { padding-top: 2.6rem; }
.kicker { display: flex; justify-content: space-between; align-items: center; gap: 1rem; font: 0.8rem/1.4 var(--sans); color: var(--soft); margin: 0 0 0.9rem; max-width: none; }
.lead { font-size: 1.12rem; margin: 0 0 0.6rem; }
nav ul { display: flex; flex-wrap: wrap; gap: 0.2rem 1.1rem; list-style: none; padding: 0; margin: 1.1rem 0 0; font: 0.9rem/1.6 var(--sans); }
.skip { position: absolute; left: -200vw; }
.skip:focus { left: 1rem; top: 1rem; background: var(--paper); padding: 0.4rem 0.8rem; z-index: 2; }
:focus-visible { outline: 2.5px solid var(--accent); outline-offset: 2px; border-radius: 3px; }
button { white-space: nowrap; font: 0.8rem/1.3 var(--sans); color: var(--ink); background: none; border: 1px solid var(--rule); border-radius: 4px; padding: 0.28rem 0.6rem; cursor: pointer; }
button:hover { border-color: var(--soft); }
.note { font: 0.88rem/1.5 var(--sans); border-left: 3px solid var(--q5); padding: 0.1rem 0 0.1rem 0.9rem; margin: 1rem 0; max-width: 42rem; }
.note p { margin: 0.25rem 0; }
.note ul { margin: 0.2rem 0; padding-left: 1.1rem; }

.scroll { overflow-x: auto; max-width: 100%; }
table { border-collapse: collapse; font: 0.9rem/1.4 var(--sans); font-variant-numeric: tabular-nums lining-nums; border-top: 1.5px solid var(--ink); border-bottom: 1.5px solid var(--ink); margin: 0.6rem 0; }
th, td { padding: 0.32rem 0.9rem 0.32rem 0; text-align: left; vertical-align: baseline; }
th:last-child, td:last-child { padding-right: 0.2rem; }
thead th, thead td { border-bottom: 1px solid var(--ink); font-weight: 600; }
tbody th { font-weight: 400; }
table.provenance thead th { color: var(--ink); }
table.headline tbody th, tbody td.number { white-space: nowrap; }
table.headline td.number { min-width: 8.6rem; }
.best { font-weight: 650; }
.best .interval { font-weight: 400; }
.interval { color: var(--soft); margin-left: 0.6em; font-size: 0.86em; white-space: nowrap; }
.better { color: var(--soft); margin-left: 0.4em; }
tr.samples th, tr.samples td { border-top: 1px solid var(--rule); color: var(--soft); }
tr.ours th { font-weight: 650; }
table.provenance td { overflow-wrap: anywhere; max-width: 24rem; min-width: 9rem; }
table.provenance th { white-space: nowrap; color: var(--soft); }
details { margin: 0.8rem 0; }
summary { font: 0.9rem/1.5 var(--sans); cursor: pointer; color: var(--accent); width: fit-content; }

figure { margin: 1.4rem 0 0; }
.panels { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 1.3rem 2.4rem; align-items: start; max-width: 56rem; }
.panels.three-wide { grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 1.3rem 1.8rem; max-width: none; }
.panels > svg { width: 100%; height: auto; }
figcaption, .caption { font-size: 0.95rem; line-height: 1.5; color: var(--ink); margin: 0.8rem 0 0; max-width: 46rem; }
figcaption b, .caption b { font-weight: 650; }
.legend { display: flex; flex-wrap: wrap; gap: 0.2rem 1.4rem; list-style: none; padding: 0; margin: 0.6rem 0 0.8rem; font: 0.85rem/1.5 var(--sans); }
.swatch { width: 28px; height: 10px; margin-right: 0.5em; }
.spot { display: inline-block; width: 0.62em; height: 0.62em; border-radius: 50%; background: var(--run); margin-right: 0.4em; }

.run-0 { --run: light-dark(#0072b2, #56b4e9); --dash: none; color: var(--run); }
.run-1 { --run: light-dark(#d55e00, #f0883e); --dash: 7 3; color: var(--run); }
.run-2 { --run: light-dark(#00815e, #2fc79a); --dash: 2 2.5; color: var(--run); }
.run-3 { --run: light-dark(#a8477f, #de9ac4); --dash: 9 3 2 3; color: var(--run); }
.run-4 { --run: light-dark(#8a6a00, #f0c84a); --dash: 4 4; color: var(--run); }
.run-5 { --run: light-dark(#444b52, #c7ccd1); --dash: 1 3; color: var(--run); }
li.run-0, li.run-1, li.run-2, li.run-3, li.run-4, li.run-5 { color: var(--ink); }
.probe.truth { color: var(--truth); }
.probe.ink { color: var(--ink); }

svg { display: inline-block; overflow: visible; }
svg text { font-family: var(--sans); fill: var(--ink); font-variant-numeric: tabular-nums; }
.chart-title { font-size: 13px; font-weight: 600; }
svg .tick, svg .row-count { font-size: 11px; fill: var(--soft); }
svg .axis-name { font-size: 11.5px; fill: var(--soft); }
.row-name { font-size: 12px; }
svg .row-count { font-size: 10px; }
.grid { stroke: var(--rule); stroke-width: 0.7; }
.axis { stroke: var(--ink); stroke-width: 1; }
.curve { fill: none; stroke: var(--run); stroke-width: 2; stroke-dasharray: var(--dash); }
.curve.thin { stroke-width: 1.5; stroke-dasharray: none; }
.fill { fill: var(--run); opacity: 0.16; stroke: none; }
.median { stroke: var(--run); stroke-width: 1.5; stroke-dasharray: 3 3; }
.whisker { stroke: var(--run); stroke-width: 1.3; }
.box { stroke: var(--run); stroke-width: 7; opacity: 0.38; }
.dot { fill: var(--run); stroke: var(--paper); stroke-width: 1.2; }
.bone { stroke: var(--rule); stroke-width: 7; stroke-linecap: round; }
.joint { stroke: var(--ink); stroke-width: 1; }
.joint.absent { fill: none; stroke: var(--soft); stroke-dasharray: 2 2; }
.value { font-size: 11.5px; }
svg.ramp { width: 14rem; height: auto; display: block; margin-top: 0.8rem; }
svg.ramp rect { stroke: var(--rule); stroke-width: 0.5; }
${Array.from({ length: 9 }, (_, step) => `.q${step} { fill: var(--q${step}); color: var(--q${step}); }`).join('\n')}

.samples-grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 27rem), 1fr)); gap: 1.8rem 2.2rem; margin-top: 0.8rem; }
.sample { border-top: 1px solid var(--rule); padding-top: 0.7rem; min-width: 0; }
.facts { font: 0.82rem/1.45 var(--sans); color: var(--soft); margin: 0.1rem 0 0.6rem; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.views { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 0.6rem; align-items: start; }
.views > .photograph, .views > canvas { width: 100%; aspect-ratio: 1; height: auto; background: var(--raised); border-radius: 3px; overflow: hidden; display: block; }
.photograph .edge { stroke: #000; opacity: 0.55; }
.photograph path { fill: none; stroke-linecap: round; stroke-linejoin: round; }
.photograph .truth { --line: #fff; }
.photograph.blank .truth { --line: var(--truth); }
.photograph.blank .edge { display: none; }
.photograph [data-run] { --line: var(--run); }
.photograph:not(.blank) .run-0 { --line: #56b4e9; }
.photograph:not(.blank) .run-1 { --line: #ff8c3a; }
.photograph:not(.blank) .run-2 { --line: #2fd6a3; }
.photograph:not(.blank) .run-3 { --line: #f0a6d4; }
.photograph:not(.blank) .run-4 { --line: #ffd84d; }
.photograph:not(.blank) .run-5 { --line: #c7ccd1; }
.photograph .bones { stroke: var(--line); }
.photograph .point { fill: var(--line); stroke: #000; stroke-opacity: 0.6; }
.hidden { display: none; }
canvas.turn { cursor: grab; touch-action: pan-y; }
canvas.turn:active { cursor: grabbing; }
.below { display: flex; flex-wrap: wrap; gap: 0.4rem 1.2rem; align-items: center; margin-top: 0.5rem; }
.three { display: flex; gap: 0.2rem; }
.three button { padding: 0.15rem 0.25rem 0.2rem; display: grid; justify-items: center; font-size: 0.75rem; color: var(--soft); border-color: transparent; }
.three button:hover { border-color: var(--rule); }
.three canvas { width: 4rem; height: 4rem; display: block; }
.controls { display: grid; gap: 0.15rem; }
.flat .views { grid-template-columns: minmax(0, 1fr); }
.flat { grid-template-columns: repeat(auto-fill, minmax(min(100%, 16rem), 1fr)); }
fieldset { border: 0; padding: 0; margin: 0; display: flex; flex-wrap: wrap; gap: 0.1rem 0.8rem; font: 0.8rem/1.6 var(--sans); min-width: 0; }
legend { float: left; color: var(--soft); padding: 0; margin-right: 0.8rem; }
label { white-space: nowrap; }
input[type='radio'] { margin: 0 0.3em 0 0; vertical-align: -0.1em; accent-color: var(--accent); }
footer { margin: 4rem auto 2.5rem; font: 0.82rem/1.5 var(--sans); color: var(--soft); }

@media (max-width: 52rem) {
  .panels.three-wide { grid-template-columns: repeat(2, minmax(0, 1fr)); }
}
@media (max-width: 36rem) {
  .panels, .panels.three-wide { grid-template-columns: minmax(0, 1fr); }
  body { font-size: 1rem; }
  h1 { font-size: 1.5rem; }
  main, header.top, footer { padding: 0 1rem; }
  header.top { padding-top: 1.4rem; }
  table { font-size: 0.84rem; }
  th, td { padding-right: 0.6rem; }
  table.headline td.number { min-width: 0; }
  table.headline tbody th, thead th { white-space: normal; overflow-wrap: anywhere; }
  .interval { display: block; margin-left: 0; }
}
@media print {
  :root { color-scheme: light; }
  body { font-size: 10pt; }
  nav, button#theme, .controls, .skip { display: none; }
  figure, .sample, table { break-inside: avoid; }
  .scroll { overflow: visible; }
}
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
`;
