//! People and their roles.

/// What somebody is at this school; decides which reports concern them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Role {
    /// Runs the service; reads no reports.
    Staff,
    /// Teaches a subject in several classes.
    Teacher,
    /// Looks after students across classes.
    Tutor,
    /// Sits in one class.
    Student,
    /// Has children at the school.
    Parent,
}

impl Role {
    /// As stored, and as written in requests and answers.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Staff => "staff",
            Self::Teacher => "teacher",
            Self::Tutor => "tutor",
            Self::Student => "student",
            Self::Parent => "parent",
        }
    }

    /// Reads what [`Role::as_str`] writes.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Staff, Self::Teacher, Self::Tutor, Self::Student, Self::Parent]
            .into_iter()
            .find(|role| role.as_str() == text)
    }
}

/// Somebody with a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) id: i64,
    pub(crate) username: String,
    pub(crate) role: Role,
    pub(crate) name: String,
}
