//! Words that the seeded rows are made of.

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

const FIRST: [&str; 32] = [
    "Ada",
    "Ben",
    "Chloé",
    "Dmitri",
    "Elif",
    "Farid",
    "Grace",
    "Hugo",
    "Ines",
    "Jonas",
    "Kira",
    "Liam",
    "Mara",
    "Nils",
    "Olga",
    "Pavel",
    "Quinn",
    "Rosa",
    "Sami",
    "Tove",
    "Uma",
    "Viktor",
    "Wanda",
    "Xenia",
    "Yusuf",
    "Zoë",
    "Amir",
    "Bianca",
    "Cem",
    "Dora",
    "Emil",
    "Фаина",
];
const LAST: [&str; 32] = [
    "Abel", "Brandt", "Costa", "Dahl", "Engel", "Fischer", "García", "Hansen", "Ito", "Jansen", "Kaya",
    "Lund", "Meyer", "Novak", "O'Neill", "Petrov", "Quist", "Rossi", "Šimek", "Tanaka", "Ueda", "Vogel",
    "Weiss", "Xu", "Yilmaz", "Zimmer", "Almeida", "Berg", "Ćosić", "Dubois", "Eriksen", "Fontaine",
];
const VERDICTS: [&str; 8] = [
    "Needs another try",
    "The idea is there",
    "Mind the units",
    "A fair start",
    "Well argued",
    "Clear and complete",
    "Careful work",
    "Outstanding",
];
const ADVICE: [&str; 8] = [
    "show each step",
    "read the question twice",
    "compare with the example in class",
    "draw a sketch first",
    "check the last line",
    "quote the source",
    "explain it to a neighbour",
    "try the harder variant",
];

/// A first and last name.
pub(super) fn person(chance: &mut ChaCha8Rng) -> String {
    format!("{} {}", pick(chance, &FIRST), pick(chance, &LAST))
}

/// What a teacher writes under an answer.
pub(super) fn comment(chance: &mut ChaCha8Rng, score: i64, student: &str) -> String {
    // Better scores read better: one verdict for each eighth of the scale.
    let verdict = VERDICTS[usize::try_from(score * 7 / 100).unwrap_or(0).min(VERDICTS.len() - 1)];
    let first = student.split(' ').next().unwrap_or(student);
    format!("{verdict}, {first}: {}.", pick(chance, &ADVICE))
}

fn pick<'a>(chance: &mut ChaCha8Rng, words: &[&'a str]) -> &'a str {
    words[chance.random_range(0..words.len())]
}
