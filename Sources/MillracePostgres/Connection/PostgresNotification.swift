/// What a session said to all that listen to a channel.
public struct PostgresNotification: Hashable, Sendable {
    /// The channel's name.
    public let channel: String
    /// What was said; empty when nothing was.
    public let payload: String
    /// The number of the server's process that said it.
    public let sender: Int32
}
