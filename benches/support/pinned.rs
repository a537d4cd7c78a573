//! A program on a CPU of its own.

use std::process::Command;

/// The command on a CPU of its own, where that can be had.
pub(crate) fn pinned(cpu: usize, program: &str, arguments: &[String]) -> Command {
    let several = std::thread::available_parallelism().is_ok_and(|cpus| cpus.get() > cpu.max(1));
    let mut command = if several && Command::new("taskset").arg("--version").output().is_ok() {
        let mut command = Command::new("taskset");
        command.args(["-c", &cpu.to_string(), program]);
        command
    } else {
        Command::new(program)
    };
    command.args(arguments);
    command
}
