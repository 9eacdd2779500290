internal import MillraceCore

extension StoreState {
    mutating func sweep(at now: Timestamp) -> [ProcessingID] {
        let open = processings.values.filter { !$0.status.isFinal }.sorted { $0.id < $1.id }
        return open.filter { mend($0, at: now) }.map(\.id)
    }

    private mutating func mend(_ old: ParallelProcessor.Row, at now: Timestamp) -> Bool {
        var row = old
        recount(&row)
        var queuesMerge = false
        if row.status == .merging {
            let merge = mergeJob(MergePayload(processingID: row.id, round: row.round))
            queuesMerge = merge == nil
            if let merge, !merge.status.isOpen { fail(&row, after: merge, at: now) }
        } else if row.completedChunks + row.failedChunks == row.totalChunks {
            row.status = .merging
            queuesMerge = true
        }
        guard row != old || queuesMerge else { return false }
        row.version += 1
        row.updatedAt = now
        processings[row.id] = row
        if queuesMerge { queueMerge(of: row, at: now) }
        return true
    }

    private mutating func fail(_ row: inout ParallelProcessor.Row, after merge: Job, at now: Timestamp) {
        row.status = .failed
        row.completedAt = now
        row.errorMessage = merge.errorMessage ?? "the merge is \(merge.status.rawValue) and wrote no transcript"
        transcripts[row.transcriptID]?.status = .failed
        transcripts[row.transcriptID]?.completedAt = now
    }

    mutating func finish(_ outcome: MergeOutcome, at now: Timestamp) throws(StoreError) -> Bool {
        guard let status = outcome.transcript.status.processingStatus else {
            throw StoreError(.invalid, "a merge ends with a transcript whose status is final")
        }
        guard var job = jobs[outcome.job.id], job.status == .processing, job.leaseToken == outcome.job.leaseToken,
            var row = processings[outcome.merge.processingID], row.status == .merging, row.round == outcome.merge.round
        else { return false }
        guard row.transcriptID == outcome.transcript.id else {
            throw StoreError(.invalid, "the transcript is not the one of the merged processing")
        }
        job.settle(.completed(result: nil), at: now)
        jobs[job.id] = job
        transcripts[row.transcriptID] = outcome.transcript
        row.status = status
        row.completedAt = now
        row.updatedAt = now
        row.version += 1
        processings[row.id] = row
        return true
    }

    mutating func deleteTranscript(_ id: TranscriptID, force: Bool) throws(StoreError) {
        guard let transcript = transcripts[id] else { return }
        guard force || transcript.status != .processing else {
            throw StoreError(.conflict, "transcript \(id) is still being made: cancel it, or delete it by force")
        }
        for row in processings.values where row.transcriptID == id {
            for task in chunks[row.id] ?? [] {
                if let key = chunkCacheKeys[task.id] { removeCacheEntry(key) }
            }
            removeProcessing(row.id)
        }
        jobs = jobs.filter { $0.value.transcriptID != id }
        transcripts[id] = nil
    }

    func listTranscripts(after cursor: TranscriptID?, limit: Int) -> [Transcript] {
        let older = transcripts.values.filter { transcript in cursor.map { transcript.id < $0 } ?? true }
        return older.sorted { $0.id > $1.id }.prefix(max(0, limit)).map { transcript in
            var transcript = transcript
            transcript.text = ""
            transcript.segments = []
            return transcript
        }
    }
}
