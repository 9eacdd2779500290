import NIOCore
import Testing

@testable import MillraceRedis

@Suite struct HandshakeTests {
    /// What a server answers, and what comes of it.
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let url: String
        let flights: [(sent: [RedisCommand], replies: [RESPValue])]
        let outcome: String
    }

    private static let name = RedisCommand("CLIENT SETNAME", "millrace")
    private static let ok = RESPValue.simpleString("OK")
    private static func error(_ text: String) -> RESPValue { .error(RedisServerError(text)) }

    static let cases = [
        Case(
            testDescription: "RESP3, no password, first database", url: "redis://h",
            flights: [([RedisCommand("HELLO", 3, "SETNAME", "millrace")], [.map([])])], outcome: "ready, RESP3"),
        Case(
            testDescription: "RESP3, a user, another database", url: "redis://ann:hush@h/2",
            flights: [
                (
                    [
                        RedisCommand("HELLO", 3, "AUTH", "ann", "hush", "SETNAME", "millrace"),
                        RedisCommand("SELECT", 2),
                    ],
                    [.map([]), ok]
                )
            ], outcome: "ready, RESP3"),
        Case(
            testDescription: "a server that does not know HELLO", url: "redis://:hush@h/2",
            flights: [
                (
                    [
                        RedisCommand("HELLO", 3, "AUTH", "default", "hush", "SETNAME", "millrace"),
                        RedisCommand("SELECT", 2),
                    ],
                    [error("ERR unknown command `HELLO`, with args"), error("NOAUTH Authentication required.")]
                ),
                ([RedisCommand("AUTH", "hush"), name, RedisCommand("SELECT", 2)], [ok, ok, ok]),
            ], outcome: "ready, RESP2"),
        Case(
            testDescription: "a server that does not know HELLO and asks for the password first",
            url: "redis://:hush@h",
            flights: [
                (
                    [RedisCommand("HELLO", 3, "AUTH", "default", "hush", "SETNAME", "millrace")],
                    [error("NOAUTH Authentication required.")]
                ),
                ([RedisCommand("AUTH", "hush"), name], [ok, ok]),
            ], outcome: "ready, RESP2"),
        Case(
            testDescription: "a server that speaks no RESP3", url: "redis://h",
            flights: [
                (
                    [RedisCommand("HELLO", 3, "SETNAME", "millrace")],
                    [error("NOPROTO unsupported protocol version")]
                ),
                ([name], [ok]),
            ], outcome: "ready, RESP2"),
        Case(
            testDescription: "a wrong password", url: "redis://:wrong@h",
            flights: [
                (
                    [RedisCommand("HELLO", 3, "AUTH", "default", "wrong", "SETNAME", "millrace")],
                    [error("WRONGPASS invalid username-password pair or user is disabled.")]
                )
            ], outcome: "authentication"),
        Case(
            testDescription: "no password where one is needed", url: "redis://h",
            flights: [
                (
                    [RedisCommand("HELLO", 3, "SETNAME", "millrace")],
                    [error("NOAUTH HELLO must be called with the client already authenticated")]
                )
            ], outcome: "authentication"),
        Case(
            testDescription: "a server that reads its data from the disk", url: "redis://h",
            flights: [
                (
                    [RedisCommand("HELLO", 3, "SETNAME", "millrace")],
                    [error("LOADING Redis is loading the dataset in memory")]
                )
            ], outcome: "connectionFailed"),
        Case(
            testDescription: "a database that does not exist", url: "redis://h/99",
            flights: [
                (
                    [RedisCommand("HELLO", 3, "SETNAME", "millrace"), RedisCommand("SELECT", 99)],
                    [.map([]), error("ERR DB index is out of range")]
                )
            ], outcome: "connectionFailed"),
    ]

    @Test(arguments: cases)
    func `it says who is calling, and falls back where a server is old`(example: Case) throws {
        var handshake = Handshake(try RedisConfiguration(example.url, environment: [:]))
        var outcome = "waits"
        var next: [RedisCommand]? = handshake.commands
        for flight in example.flights {
            #expect(next == flight.sent)
            next = nil
            for reply in flight.replies {
                switch handshake.receive(reply) {
                case .wait: break
                case .send(let commands): next = commands
                case .ready(let isRESP3): outcome = "ready, RESP\(isRESP3 ? 3 : 2)"
                case .fail(let error):
                    outcome = "\(error.code)"
                    #expect(!error.description.contains("wrong") && !error.description.contains("hush"))
                }
            }
        }
        #expect(outcome == example.outcome)
    }
}
