import Foundation
import MillracePostgres
import TestServers
import Testing

@Suite struct PostgresNotificationTests {
    private let channel = "Channel \"\(UUID().uuidString)\""

    @Test func whatIsSaidIsHeardInOrder() async throws {
        let (listener, speaker) = (try await connect(), try await connect())
        let channel = channel
        let speaking = try await process(of: speaker)
        let heard = try await listener.withNotifications(on: [channel]) { notifications in
            for word in ["one", "two", ""] {
                try await speaker.query("SELECT pg_notify($1, $2)", [.text(channel), .text(word)])
            }
            var heard: [PostgresNotification] = []
            for try await notification in notifications {
                heard.append(notification)
                if heard.count == 3 { break }
            }
            return heard
        }
        #expect(heard.map(\.payload) == ["one", "two", ""])
        #expect(heard.allSatisfy { $0.channel == channel && $0.sender == speaking })
        #expect(try await listener.query("SELECT pg_listening_channels()").isEmpty)
        #expect(listener.isUsable)
    }

    @Test func theConnectionMayBeUsedMeanwhile() async throws {
        let listener = try await connect()
        let channel = channel
        let word = try await listener.withNotifications(on: [channel]) { notifications in
            try await listener.query("SELECT pg_notify($1, 'own')", [.text(channel)])
            #expect(try await listener.query("SELECT 1")[0].value(0) == 1)
            return try await notifications.first { _ in true }?.payload
        }
        #expect(word == "own")
    }

    @Test func aConnectionThatEndsEndsTheSequenceWithItsError() async throws {
        let (listener, killer) = (try await connect(), try await connect())
        let process = try await process(of: listener)
        let channel = channel
        let error = await postgresError {
            try await listener.withNotifications(on: [channel]) { notifications in
                try await killer.query("SELECT pg_terminate_backend($1)", [.int4(process)])
                for try await _ in notifications {}
            }
        }
        #expect(error?.code == .connectionLost)
    }

    @Test func aCancelledListenerEnds() async throws {
        let listener = try await connect()
        let channel = channel
        let task = Task {
            try await listener.withNotifications(on: [channel]) { notifications in
                for try await _ in notifications {}
            }
        }
        task.cancel()
        _ = await task.result
        #expect(try await listener.query("SELECT pg_listening_channels()").isEmpty)
    }

    @Test func listeningIsRefusedBehindAPooler() async throws {
        let channel = channel
        for connection in [try await connectByBouncer(), try await connect(options: ["prepared=off"])] {
            let error = await postgresError { try await connection.withNotifications(on: [channel]) { _ in } }
            #expect(error?.code == .unsupported)
        }
    }
}
