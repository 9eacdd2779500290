/// The bytes of a server are no RESP, or more of it than is allowed; nothing can be read from that connection any more.
package struct RESPViolation: Error, Hashable, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}
