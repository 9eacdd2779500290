import Foundation
import Millrace
import Testing

@Suite("A store's location")
struct StoreLocationTests {
    @Test("is a path, or a sqlite: URL")
    func path() throws {
        #expect(try StoreLocation("/a/b.db").path == "/a/b.db")
        #expect(try StoreLocation("/a/../c.db").path == "/c.db")
        #expect(try StoreLocation("sqlite:///a/b.db").path == "/a/b.db")
        #expect(try StoreLocation("sqlite:/a/b.db").path == "/a/b.db")
        #expect(try StoreLocation("sqlite:b.db").path == FileManager.default.currentDirectoryPath + "/b.db")
        #expect(try StoreLocation("/a/b:c.db").path == "/a/b:c.db")
        #expect(try StoreLocation("~/b.db").path == NSHomeDirectory() + "/b.db")
        #expect(try StoreLocation("b.db").path == FileManager.default.currentDirectoryPath + "/b.db")
    }

    @Test("of another kind is refused with its name", arguments: ["postgres://localhost/x", "redis://x", ""])
    func refused(text: String) {
        #expect(throws: StoreError.self) { try StoreLocation(text) }
    }

    @Test("is MILLRACE_STORE, then XDG_DATA_HOME, then the home folder")
    func standard() throws {
        let both = ["MILLRACE_STORE": "/s.db", "XDG_DATA_HOME": "/data"]
        #expect(try StoreLocation.standard(environment: both).path == "/s.db")
        #expect(
            try StoreLocation.standard(environment: ["XDG_DATA_HOME": "/data"]).path == "/data/millrace/millrace.db")
        let home = NSHomeDirectory() + "/.local/share/millrace/millrace.db"
        #expect(try StoreLocation.standard(environment: [:]).path == home)
        #expect(try StoreLocation.standard(environment: ["MILLRACE_STORE": "", "XDG_DATA_HOME": "rel"]).path == home)
    }
}
