import MillraceCore
import MillraceTesting

/// Transcripts of which single verbs are broken.
struct TamperedTranscripts: TranscriptRepository {
    let base: any TranscriptRepository

    var onSave: (@Sendable (any TranscriptRepository, Transcript) async throws -> Void)?
    var onLoad: (@Sendable (any TranscriptRepository, TranscriptID) async throws -> Transcript?)?
    var onDelete: (@Sendable (any TranscriptRepository, TranscriptID, Bool) async throws -> Void)?
    var onList: (@Sendable (any TranscriptRepository, TranscriptID?, Int) async throws -> [Transcript])?
    var onFind: (@Sendable (any TranscriptRepository, ContentHash) async throws -> Transcript?)?
    var onIsInUse: (@Sendable (any TranscriptRepository, ContentHash) async throws -> Bool)?

    init(_ base: any TranscriptRepository) { self.base = base }
}

extension TamperedTranscripts {
    func save(_ aggregate: Transcript) async throws(StoreError) {
        guard let tampered = onSave else { return try await base.save(aggregate) }
        return try await storeError { try await tampered(base, aggregate) }
    }

    func load(_ id: TranscriptID) async throws(StoreError) -> Transcript? {
        guard let tampered = onLoad else { return try await base.load(id) }
        return try await storeError { try await tampered(base, id) }
    }

    func delete(_ id: TranscriptID, force: Bool) async throws(StoreError) {
        guard let tampered = onDelete else { return try await base.delete(id, force: force) }
        return try await storeError { try await tampered(base, id, force) }
    }

    func list(after id: TranscriptID?, limit: Int) async throws(StoreError) -> [Transcript] {
        guard let tampered = onList else { return try await base.list(after: id, limit: limit) }
        return try await storeError { try await tampered(base, id, limit) }
    }

    func find(hash: ContentHash) async throws(StoreError) -> Transcript? {
        guard let tampered = onFind else { return try await base.find(hash: hash) }
        return try await storeError { try await tampered(base, hash) }
    }

    func isInUse(hash: ContentHash) async throws(StoreError) -> Bool {
        guard let tampered = onIsInUse else { return try await base.isInUse(hash: hash) }
        return try await storeError { try await tampered(base, hash) }
    }

    func delete(_ id: TranscriptID) async throws(StoreError) {
        try await delete(id, force: false)
    }
}
