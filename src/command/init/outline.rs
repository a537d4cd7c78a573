//! What a scenario can be made of, as far as a description of an API says it.

/// An API, as a scenario needs it.
#[derive(Debug, Default)]
pub(super) struct Outline {
    pub(super) title: String,
    /// Base URL, where it is an absolute one.
    pub(super) url: Option<String>,
    pub(super) login: Option<Login>,
    /// Lists whose items the requests name, in the order in which they need each other.
    pub(super) relations: Vec<Relation>,
    /// Names in requests that no list of the API explains.
    pub(super) unknown: Vec<Unknown>,
    pub(super) reads: Vec<Read>,
    /// Reads beyond the most that are listed.
    pub(super) left_out: usize,
    /// Method and path of what is not a read.
    pub(super) writes: Vec<String>,
}

/// How people log in.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Login {
    Bearer,
    Basic,
    /// A key in this header.
    Key(String),
    /// OAuth 2 by password, at this path.
    Password(String),
    /// A cookie of this name, which some login sets.
    Cookie(String),
}

/// A list that says what there is.
#[derive(Debug)]
pub(super) struct Relation {
    pub(super) name: String,
    pub(super) path: String,
    /// JSON pointers to the list and to the value in an item.
    pub(super) items: String,
    pub(super) id: String,
    /// Whether the description says so; otherwise it is a guess.
    pub(super) known: bool,
}

/// A value that only the user knows.
#[derive(Debug)]
pub(super) struct Unknown {
    pub(super) name: String,
    /// One that the description gives as an example.
    pub(super) example: Option<String>,
}

/// A GET.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) name: String,
    pub(super) about: String,
    pub(super) path: String,
    /// Parameters that it cannot do without, with an example where there is one.
    pub(super) query: Vec<(String, Option<String>)>,
    pub(super) headers: Vec<(String, Option<String>)>,
}
