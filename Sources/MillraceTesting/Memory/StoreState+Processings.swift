internal import MillraceCore

extension StoreState {
    mutating func start(
        _ processor: ParallelProcessor, transcript: Transcript, for job: Job?
    ) throws(StoreError) {
        guard processor.isNew, processor.transcriptID == transcript.id else {
            throw StoreError(.invalid, "a run starts with a new processing and the transcript that it names")
        }
        try requireStorable(processor.recipe)
        try requireStorable(processor.traceContext)
        try requireInsertable(processor)
        guard transcripts[transcript.id] == nil else {
            throw StoreError(.conflict, "transcript \(transcript.id) exists already")
        }
        if let job {
            guard let stored = jobs[job.id], stored.status == .processing, stored.leaseToken == job.leaseToken else {
                throw StoreError(.conflict, "job \(job.id) lost its lease: it may not begin a run")
            }
            jobs[job.id]?.begin(transcript.id)
        }
        transcripts[transcript.id] = transcript
        insert(processor)
    }

    mutating func saveProcessing(_ processor: ParallelProcessor, at now: Timestamp) throws(StoreError) {
        guard !processor.isNew else {
            try requireStorable(processor.recipe)
            try requireStorable(processor.traceContext)
            try requireInsertable(processor)
            guard transcripts[processor.transcriptID] != nil else {
                throw StoreError(.notFound, "there is no transcript \(processor.transcriptID): start the run with it")
            }
            insert(processor)
            return
        }
        guard var row = processings[processor.id], row.version == processor.version else {
            throw StoreError(.conflict, "processing \(processor.id) changed since it was loaded: load it again")
        }
        for (id, token) in processor.changedTasks where chunk(id)?.leaseToken != token {
            throw StoreError(.conflict, "chunk \(id) changed since it was loaded: load the processing again")
        }
        for task in processor.tasks where processor.changedTasks[task.id] != nil { store(task) }
        // The first claim changes the status without a new version: a copy from before it must not undo it.
        if processor.status != .pending { row.status = processor.status }
        row.round = processor.round
        row.startedAt = processor.startedAt ?? row.startedAt
        row.completedAt = processor.completedAt
        row.errorMessage = processor.errorMessage
        row.updatedAt = now
        row.version += 1
        recount(&row)
        processings[row.id] = row
        showStatus(of: row)
        if row.status == .merging { queueMerge(of: row, at: now) }
    }

    private func requireInsertable(_ processor: ParallelProcessor) throws(StoreError) {
        for row in processings.values {
            guard row.id != processor.id, row.transcriptID != processor.transcriptID else {
                throw StoreError(.conflict, "processing \(processor.id) or its transcript's exists already")
            }
            guard row.runKey != processor.runKey || !row.status.isResumable else {
                throw StoreError(.conflict, "processing \(row.id) is the same run and can be resumed: join it")
            }
        }
    }

    private mutating func insert(_ processor: ParallelProcessor) {
        processings[processor.id] = ParallelProcessor.Row(processor)
        chunks[processor.id] = processor.tasks
        for task in processor.tasks { chunkPlaces[task.id] = (processor.id, task.index) }
    }

    /// Makes a transcript say what its saved processing says.
    private mutating func showStatus(of row: ParallelProcessor.Row) {
        guard var transcript = transcripts[row.transcriptID] else { return }
        if !row.status.isFinal {
            transcript.status = .processing
            transcript.completedAt = nil
        } else if row.status == .cancelled {
            transcript.status = .cancelled
            transcript.completedAt = row.completedAt
        }
        transcripts[transcript.id] = transcript
    }

    func loadProcessing(_ id: ProcessingID) -> ParallelProcessor? {
        processings[id].map { ParallelProcessor($0, tasks: chunks[id] ?? []) }
    }

    func findProcessing(_ key: RunKey) -> ParallelProcessor? {
        processings.values.filter { $0.runKey == key }.max { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }
            .flatMap { loadProcessing($0.id) }
    }

    func activeProcessings() -> [ParallelProcessor] {
        processings.values.filter { $0.status == .processing || $0.status == .merging }
            .sorted { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }
            .compactMap { loadProcessing($0.id) }
    }

    mutating func deleteProcessing(_ id: ProcessingID, at now: Timestamp) throws(StoreError) {
        guard let transcriptID = processings[id]?.transcriptID else { return }
        let merges = jobs.values.filter { $0.type == .merge && $0.transcriptID == transcriptID }
        guard chunks[id]?.contains(where: { $0.status == .processing }) != true,
            !merges.contains(where: { $0.status == .processing })
        else { throw StoreError(.conflict, "processing \(id) is being worked on; cancel it first") }
        for merge in merges where merge.status.isOpen { jobs[merge.id] = nil }
        if transcripts[transcriptID]?.status == .processing {
            transcripts[transcriptID]?.status = .cancelled
            transcripts[transcriptID]?.completedAt = now
        }
        removeProcessing(id)
    }

    mutating func removeProcessing(_ id: ProcessingID) {
        for task in chunks[id] ?? [] {
            chunkPlaces[task.id] = nil
            chunkCacheKeys[task.id] = nil
            chunkAudio[task.id] = nil
        }
        chunks[id] = nil
        claimTurns[id] = nil
        processings[id] = nil
    }

    mutating func showProgress(_ id: ProcessingID, _ progress: Double, at now: Timestamp) throws(StoreError) {
        guard (0...1).contains(progress) else {
            throw StoreError(.invalid, "progress must be between 0 and 1")
        }
        guard var row = processings[id] else { throw StoreError(.notFound, "there is no processing \(id)") }
        row.shownProgress = max(row.shownProgress, progress)
        row.updatedAt = now
        processings[id] = row
    }
}

extension StoreState {
    func chunk(_ id: ChunkID) -> ChunkTask? {
        chunkPlaces[id].flatMap { place in chunks[place.processing]?[place.index] }
    }

    mutating func store(_ task: ChunkTask) {
        guard let place = chunkPlaces[task.id] else { return }
        chunks[place.processing]?[place.index] = task
        if task.status.isFinal { chunkAudio[task.id] = nil }
    }

    func recount(_ row: inout ParallelProcessor.Row) {
        let tasks = chunks[row.id] ?? []
        row.totalChunks = tasks.count
        row.completedChunks = tasks.count { $0.status == .completed }
        row.failedChunks = tasks.count { $0.status == .failed }
    }

    /// Queues the merge of the present round, once a round: a job that has ended counts too.
    @discardableResult
    mutating func queueMerge(of row: ParallelProcessor.Row, at now: Timestamp) -> Bool {
        let merge = MergePayload(processingID: row.id, round: row.round)
        guard mergeJob(merge) == nil else { return false }
        _ = enqueue([merge.request(for: row)], at: now)
        return true
    }

    func mergeJob(_ merge: MergePayload) -> Job? {
        let key = merge.uniqueKey
        return jobs.values.filter { $0.uniqueKey == key }.max { $0.id < $1.id }
    }
}
