import Foundation
import MillraceCore
import Testing

@Suite struct CacheValueTests {
    @Test("A JSON value comes back, its keys in order")
    func json() throws {
        let value = try CacheValue(encoding: ["b": 1, "a": 2])
        #expect(value.codec == .json && value.bytes == Data(#"{"a":2,"b":1}"#.utf8))
        #expect(try value.decode([String: Int].self) == ["a": 2, "b": 1])
    }

    @Test("Raw bytes are kept, NUL and all, and are no JSON")
    func raw() {
        let value = CacheValue(bytes: Data([0, 255]))
        #expect(value.codec == .raw && value.codec.rawValue == 0 && CacheValue.Codec.json.rawValue == 1)
        #expect(throws: InvalidValue("cache value", "is not JSON")) { try value.decode(Int.self) }
    }

    @Test("What cannot be encoded, or has another shape, is refused")
    func refuses() throws {
        #expect(throws: InvalidValue("cache value", "cannot be encoded: Double")) {
            try CacheValue(encoding: Double.infinity)
        }
        let text = try CacheValue(encoding: "secret")
        #expect(throws: InvalidValue("cache value", "is not a Int")) { try text.decode(Int.self) }
    }
}
