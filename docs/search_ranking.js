// How the search of the site ranks pages: the short answers first, the lists of every member, requirement and figure last.
var Scorer = {
  score: ([page, , , , score]) =>
    score
    + ({
      questions: 6,
      "tutorial-browser": 2,
      index: -4,
      architecture: -4,
      asvs: -8,
      benchmarks: -4,
      changelog: -8,
      conformance: -8,
      security: -4,
    }[page] || 0),

  // What the theme's own ranking has.
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
