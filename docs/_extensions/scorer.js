// What a search shows first: for a name of the interface, `near_copies`, `dedup.Index`, `--memory`, its entry; for words of prose the guides.
// Without `score` all is as Sphinx has it.
const of_prose = /^[\p{Ll}\p{Lo}\s]*$/u.test(new URLSearchParams(location.search).get("q") ?? "");
const raised = { object: -7, "how-to": 2, tutorial: 2, explanation: 1, moving: 1 };
var Scorer = {
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
  score: ([page, , , , score, , kind]) => score + (of_prose ? (raised[kind] ?? raised[page.split("/")[0]] ?? 0) : 0),
};
