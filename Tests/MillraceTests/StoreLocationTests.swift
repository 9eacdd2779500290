import Foundation
import Testing

@testable import Millrace

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

    @Test("of another kind is refused with its name", arguments: ["mysql://localhost/x", "redis://x", ""])
    func refused(text: String) {
        #expect(throws: StoreError.self) { try StoreLocation(text) }
    }

    @Test("is a database by a URL, and shows neither its password nor what else is in that")
    func database() throws {
        for scheme in ["postgres", "postgresql", "POSTGRES"] {
            let url = "\(scheme)://ada:s3cret@db.example:5433/mill?schema=one&sslmode=require&application_name=s3cret"
            let location = try StoreLocation(url, environment: [:])
            #expect(location.path == nil)
            for part in ["ada", "db.example", "5433", "mill", "one"] { #expect("\(location)".contains(part)) }
            var dumped = ""
            dump(location, to: &dumped)
            for text in ["\(location)", String(reflecting: location), dumped] { #expect(!text.contains("s3cret")) }
        }
        let place = "postgres://ada@db.example/mill"
        #expect(
            try StoreLocation(place) == StoreLocation("postgresql://ada:other@db.example:5432/mill?schema=millrace"))
        #expect(try StoreLocation(place) != StoreLocation(place + "?schema=other"))
        #expect(try StoreLocation(place) != .file("\(StoreLocation(place))"))
        #expect(try StoreLocation.standard(environment: ["MILLRACE_STORE": place]).path == nil)
    }

    @Test("in a database keeps decoded recordings in the user's data folder, by the identity of the store")
    func decodedFolder() throws {
        let location = try StoreLocation("postgres://ada@db.example/mill", environment: [:])
        #expect(
            location.decodedFolder(storeID: "ab12", environment: ["XDG_DATA_HOME": "/data"])
                == "/data/millrace/ab12-audio")
        #expect(StoreLocation.file("/a/b.db").decodedFolder(storeID: "") == "/a/b.db-audio")
    }

    @Test(
        "of a database is refused without its password",
        arguments: ["host/x?colour=red", "host/x?schema=No"])
    func refusedDatabase(rest: String) {
        #expect {
            try StoreLocation("postgres://ada:s3cret@\(rest)")
        } throws: { error in
            (error as? StoreError)?.code == .invalid && !"\(error)".contains("s3cret")
        }
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
