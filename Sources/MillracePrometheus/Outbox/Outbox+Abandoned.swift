internal import Foundation
internal import MillraceCore

extension Outbox {
    private static let looking = DispatchQueue(label: "millrace.outbox.looking")

    /// Opens the log of the next slot behind one, of the same folder, that no process holds and in which something waits;
    /// `nil` when there is none.
    ///
    /// As long as it is open no other process can have it, nor begin in its slot. One that cannot be read is passed over:
    /// whoever begins in its slot is told.
    func openAbandoned(after slot: Int) async -> Outbox? {
        await withCheckedContinuation { continuation in
            Self.looking.async { [folder = place.folder, options] in
                let slots = (try? InstanceSlot.all(in: folder)) ?? []
                for (number, path) in slots where number > slot {
                    // Looked at before it is held, so that nobody who begins finds the slots of others taken.
                    guard !InstanceSlot.isHeld(path), let replay = try? OutboxReplay.read(path),
                        replay.index.accounting.pending > 0
                    else { continue }
                    // A process may have been quicker. That it rests matters to those alone who make new samples.
                    guard let place = try? InstanceSlot.take(number, in: folder, at: nil),
                        let outbox = try? Self.recover(place, options)
                    else { continue }
                    return continuation.resume(returning: outbox)
                }
                continuation.resume(returning: nil)
            }
        }
    }
}
