//! What is done about a value of another type in the place of one of ours: another version of this layout,
//! or somebody else, has written below our prefix. It goes, and what it stood for begins anew: cold, never
//! stale. Left there, it would refuse each invalidation of its person, and so keep the whole node from
//! the store for ever.

use ::redis::{Arg, Cmd, Pipeline, RedisError, cmd};

/// The command that removes what stands in the way, if `error` says that something does. Whatever a
/// refused script names goes with it: which of its keys it was, the server does not say.
pub(super) fn mending(commands: &Pipeline, error: &RedisError) -> Option<Pipeline> {
    let errors = error.clone().into_server_errors()?;
    let in_the_way = errors.iter().filter(|(_, error)| error.code() == "WRONGTYPE");
    let mut mend = ::redis::pipe();
    for command in in_the_way.filter_map(|(at, _)| commands.cmd_iter().nth(*at)) {
        let mut unlink = cmd("UNLINK");
        for key in keys(command) {
            unlink.arg(key);
        }
        mend.add_command(unlink).ignore();
    }
    (!mend.is_empty()).then_some(mend)
}

/// The keys that a command names: of a script those it is called with, of any other its first argument.
fn keys(command: &Cmd) -> Vec<&[u8]> {
    let mut words = command.args_iter().filter_map(|word| match word {
        Arg::Simple(word) => Some(word),
        _ => None,
    });
    if words.next() != Some(b"EVALSHA".as_slice()) {
        return words.take(1).collect();
    }
    let number = words.nth(1).and_then(|number| std::str::from_utf8(number).ok()?.parse().ok());
    words.take(number.unwrap_or(0)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::scripts::{Scripts, call};
    use super::*;

    #[test]
    fn the_keys_of_a_command_are_found() {
        let mut get = cmd("HGET");
        get.arg("a").arg("field");
        assert_eq!(keys(&get), [b"a"]);
        let mut script = call(&Scripts::new().join, &["a".to_owned(), "b".to_owned()]);
        script.arg("argument");
        assert_eq!(keys(&script), [b"a", b"b"]);
        assert!(keys(&cmd("PING")).is_empty());
    }
}
