import Millrace

let millrace = try await Millrace(store: .file("millrace.db"))

// snippet.resume
let run = try await millrace.prepare("hearing.flac")
let transcript = try await run.finish { progress in
    print("\(progress.completed) of \(progress.total) chunks")
}
// snippet.end

// snippet.gaps
if transcript?.status == .partial {
    for chunk in try await run.failedChunks() {
        print("\(chunk.range.startSeconds) s to \(chunk.range.endSeconds) s: \(chunk.errorMessage ?? "")")
    }
}
// snippet.end

// snippet.retry
for try await job in millrace.jobs.jobs(of: .default) where job.status == .failed {
    try await millrace.jobs.updateJobStatus(job.id, to: .queued)
}
// snippet.end
