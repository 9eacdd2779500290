public import MillraceCaching

extension RedisCacheTier {
    /// See the port. It goes by a connection of its own, which is made anew whenever it is lost.
    public func subscribe(_ handler: @escaping @Sendable (SharedEvent) -> Void) -> any SharedSubscription {
        let channels = places.channels
        let numbers = Dictionary(uniqueKeysWithValues: channels.enumerated().map { ($0.element, $0.offset) })
        do throws(RedisError) {
            let subscription = try RedisSubscription(client.configuration, channels: channels) { event in
                switch event {
                case .message(let channel, let payload):
                    let message = numbers[channel].flatMap { BusMessage.read(payload, channel: $0) }
                    // What is no message counts as one that was missed.
                    handler(message.map { .message($0) } ?? .gap)
                case .gap: handler(.gap)
                case .lost: break
                }
            }
            subscription.start()
            return Ear(subscription: subscription)
        } catch {
            // The client has read the same certificates before: they are gone since. It does without.
            return Ear(subscription: nil)
        }
    }

    private struct Ear: SharedSubscription {
        let subscription: RedisSubscription?

        func close() { subscription?.close() }
    }
}
