import Foundation
import MillraceCore
import Testing

/// The names of queues, job types and caches follow one rule with different limits.
@Suite struct ShortNameTests {
    struct Kind: Sendable, CustomTestStringConvertible {
        let name: String
        let limit: Int
        let make: @Sendable (String) throws -> String

        var testDescription: String { name }
    }

    static let kinds = [
        Kind(name: "queue name", limit: 100) { try QueueName($0).name },
        Kind(name: "job type", limit: 50) { try JobType($0).name },
        Kind(name: "cache name", limit: 100) { try CacheManager(id: .make(at: .zero), name: $0).name },
        Kind(name: "engine model", limit: 200) { try EngineIdentity(kind: "a", model: $0).model ?? "" },
    ]

    @Test("Names up to the limit are taken as they are", arguments: kinds)
    func accepts(kind: Kind) throws {
        let names = [
            "a", "default", "two words", "Größe", "日本", String(repeating: "a", count: kind.limit),
            String(repeating: "é", count: kind.limit / 2), "a\u{A0}b", "%_*?[",
        ]
        for name in names {
            #expect(try kind.make(name) == name)
        }
    }

    @Test("Other names are refused with the kind and the reason", arguments: kinds)
    func refuses(kind: Kind) {
        let long = String(repeating: "a", count: kind.limit + 1)
        let reasons = [
            "": "must not be empty",
            long: "is \(kind.limit + 1) bytes long; at most \(kind.limit) are allowed",
            String(repeating: "é", count: kind.limit / 2 + 1):
                "is \(kind.limit + 2) bytes long; at most \(kind.limit) are allowed",
            "a\0b": "must not contain control characters", "a\nb": "must not contain control characters",
            "a\u{7F}": "must not contain control characters", "a\u{85}b": "must not contain control characters",
            " a": "must not begin or end with a blank", "a\u{A0}": "must not begin or end with a blank",
        ]
        for (name, reason) in reasons {
            #expect(throws: InvalidValue(kind.name, reason)) { try kind.make(name) }
        }
    }

    @Test("Names are their bytes, as in every store")
    func bytes() throws {
        #expect(try QueueName("\u{E9}") != QueueName("e\u{301}"))
        #expect(try JobType("\u{E9}") != JobType("e\u{301}"))
    }

    @Test("Queue names and job types are coded as bare strings, and decoding checks them")
    func codes() throws {
        let (encoder, decoder) = (JSONEncoder(), JSONDecoder())
        #expect(String(decoding: try encoder.encode([QueueName.default]), as: UTF8.self) == #"["default"]"#)
        #expect(String(decoding: try encoder.encode([JobType.merge]), as: UTF8.self) == #"["merge"]"#)
        #expect(try decoder.decode([QueueName].self, from: Data(#"["default"]"#.utf8)) == [.default])
        #expect(try decoder.decode([JobType].self, from: Data(#"["merge"]"#.utf8)) == [.merge])
        #expect(throws: InvalidValue.self) { try decoder.decode([QueueName].self, from: Data(#"[""]"#.utf8)) }
        #expect(throws: InvalidValue.self) { try decoder.decode([JobType].self, from: Data(#"[" "]"#.utf8)) }
        #expect("\(QueueName.default) \(JobType.merge)" == "default merge")
    }
}
