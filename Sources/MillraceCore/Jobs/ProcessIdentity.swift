/// What tells one process of one boot of one host from every other, even after its number was given away again.
public struct ProcessIdentity: Sendable, Hashable, Codable {
    /// Identity of the host's boot, as the kernel gives it.
    public let bootID: String
    /// The namespace in which ``processID`` means something.
    public let namespace: String
    /// The process's number.
    public let processID: Int32
    /// When the process started, in the kernel's ticks since the boot.
    public let startTicks: UInt64

    /// Describes a process.
    public init(bootID: String, namespace: String, processID: Int32, startTicks: UInt64) {
        self.bootID = bootID
        self.namespace = namespace
        self.processID = processID
        self.startTicks = startTicks
    }
}
