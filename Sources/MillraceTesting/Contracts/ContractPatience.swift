/// How long a rule waits for what a sound adapter does at once, however slow its machine is.
enum ContractPatience {
    /// Who tries adapters that will never do it has less.
    @TaskLocal static var limit = Duration.seconds(120)
}
