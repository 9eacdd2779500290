import Foundation
import MillraceCore
import Testing

@Suite struct EngineIdentityTests {
    @Test(
        "A kind of 1 to 40 lower-case letters, digits and hyphens is taken",
        arguments: ["a", "pocketsphinx", "open-ai2", String(repeating: "a", count: 40)])
    func accepts(kind: String) throws {
        #expect(try EngineIdentity(kind: kind).description == kind)
    }

    @Test(
        "Other kinds are refused",
        arguments: ["", "A", "a b", "a_b", "é", "ａ", "a\0", String(repeating: "a", count: 41)])
    func refuses(kind: String) {
        #expect(
            throws: InvalidValue("engine", "the kind must be 1 to 40 lower-case letters, digits or hyphens")
        ) { try EngineIdentity(kind: kind) }
    }

    @Test("No two identities have one description, not even when a model's name looks like a hash")
    func description() throws {
        let hash = ContentHash(of: Data())
        let identities = [
            try EngineIdentity(kind: "a"), try EngineIdentity(kind: "a", model: "m"),
            try EngineIdentity(kind: "a", model: "m", fingerprint: hash),
            try EngineIdentity(kind: "a", fingerprint: hash),
            try EngineIdentity(kind: "a", model: "m sha256=\(hash)"),
            try EngineIdentity(kind: "a", model: "sha256=\(hash)"),
            try EngineIdentity(kind: "a", model: "m model=m", fingerprint: hash),
        ]
        #expect(Set(identities).count == identities.count)
        #expect(Set(identities.map(\.description)).count == identities.count)
    }
}
