//! The style sheet of `report.html`.

pub(super) const CSS: &str = r"
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#57606a;--line:#d0d7de;--ground:#fff;--card:#f6f8fa;--pass:#1a7f37;--fail:#b42318;--open:#9a6700}
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9da7b1;--line:#3d444d;--ground:#0d1117;--card:#161b22;--pass:#3fb950;--fail:#ff7b72;--open:#d29922}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1040px;padding:1.5rem 1rem 4rem;font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--ground)}
h1{font-size:1.6rem;margin:.2rem 0}h2{font-size:1.2rem;margin:2.2rem 0 .6rem}
.kicker,.soft,figcaption{color:var(--soft)}
.verdict{border-left:6px solid var(--open);background:var(--card);padding:.8rem 1rem;font-size:1.25rem;font-weight:600;margin:1rem 0}
.verdict.pass{border-color:var(--pass)}.verdict.fail,.verdict.invalid{border-color:var(--fail)}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.92rem}
th,td{text-align:left;padding:.4rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}
th{font-weight:600;color:var(--soft)}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}td.n{white-space:nowrap}
code{font:0.88em/1.4 ui-monospace,monospace;overflow-wrap:anywhere}
.tag{display:inline-block;min-width:3.6rem;text-align:center;border-radius:3px;padding:0 .4rem;color:#fff;font-weight:600;font-size:.85rem}
.tag.pass{background:#1a7f37}.tag.fail{background:#b42318}.tag.inconclusive{background:#7d5700}
tbody tr:has(+tr.note) td{border-bottom:0;padding-bottom:0}
tr.note td{color:var(--soft);font-size:.85rem;padding-top:.1rem}
.bar{display:block;width:130px;height:22px}
.bar .axis{stroke:var(--line)}.bar .span{stroke:var(--ink);stroke-width:3}.bar .target{stroke:var(--fail);stroke-width:2;stroke-dasharray:3 2}.bar .value{fill:var(--ink)}
figure{margin:1rem 0 1.6rem}figure svg{width:100%;height:auto;background:#fff;border:1px solid var(--line);border-radius:4px}
figcaption{font-size:.88rem;margin-top:.3rem}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem;font-size:.92rem}dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
.slos code{white-space:nowrap}
@media(max-width:760px){.slos code{white-space:normal}.slos thead{display:none}.slos tr{display:flex;flex-wrap:wrap;gap:0 .7rem;padding:.35rem 0}.slos tbody{display:block;border-bottom:1px solid var(--line)}.slos td{border:0;padding:.1rem 0}.slos td:nth-child(2){flex:1 1 70%}.slos tr.note td{flex:1 1 100%;padding:0 0 .3rem}.slos tr.note td:first-child{display:none}.slos tr:not(.note) td:last-child::before{content:'n = ';color:var(--soft)}}
@media(max-width:560px){dl{grid-template-columns:1fr}dd{margin-bottom:.4rem}}
@media print{body{max-width:none}figure,tr{break-inside:avoid}}
";
