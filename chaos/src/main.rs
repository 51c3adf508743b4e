//! `interstate-chaos`: attacks a whole deployment on this machine, and prints one table.

fn main() -> std::process::ExitCode {
    interstate_chaos::program::main()
}
