//! Bearer tokens: a person's id and its HMAC, verified without a query.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::db::{Database, Purpose, args};
use crate::domain::password::hex;

/// Signs and verifies tokens. The secret is random and lives as long as the database.
#[derive(Clone)]
pub(crate) struct Tokens(Hmac<Sha256>);

impl Tokens {
    /// The tokens of this database; its first process makes the secret.
    pub(crate) async fn load(db: &Database) -> sqlx::Result<Self> {
        let mut session = db.write(Purpose::Management).await?;
        let fresh = hex(&rand::random::<[u8; 32]>());
        session.execute("INSERT OR IGNORE INTO secrets (id, tokens) VALUES (1, ?)", args![fresh]).await?;
        let (secret,): (String,) = session.row("SELECT tokens FROM secrets", args![]).await?;
        session.commit().await?;
        Ok(Self::of(secret.as_bytes()))
    }

    fn of(secret: &[u8]) -> Self {
        Self(Hmac::new_from_slice(secret).expect("HMAC takes keys of any length"))
    }

    /// The token of a person.
    pub(crate) fn sign(&self, user: i64) -> String {
        let mut mac = self.0.clone();
        mac.update(&user.to_be_bytes());
        format!("{user}.{}", hex(&mac.finalize().into_bytes()))
    }

    /// Whose token this is; `None` if nobody's.
    pub(crate) fn verify(&self, token: &str) -> Option<i64> {
        let (user, _) = token.split_once('.')?;
        let user: i64 = user.parse().ok()?;
        let expected = self.sign(user);
        // Compares every byte, so that the time taken does not tell how many were right.
        let differing = expected.bytes().zip(token.bytes()).fold(0, |seen, (a, b)| seen | (a ^ b));
        (expected.len() == token.len() && differing == 0).then_some(user)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_untouched_token_of_this_database_is_valid() {
        let tokens = Tokens::of(b"a secret");
        let token = tokens.sign(7);
        assert_eq!(tokens.verify(&token), Some(7));
        assert_eq!(tokens.verify(&token.replacen('7', "8", 1)), None);
        assert_eq!(tokens.verify(&token[..token.len() - 1]), None);
        assert_eq!(tokens.verify(""), None);
        assert_eq!(Tokens::of(b"another").verify(&token), None);
    }
}
