using RecallCluster.Grains.Feedback;

namespace RecallCluster.Grains.Tests.Feedback;

public sealed class MemoryFeedbackStoreTests : FeedbackStoreContract
{
    protected override Task<IFeedbackStore> OpenAsync(FeedbackStoreOptions options) =>
        Task.FromResult<IFeedbackStore>(new MemoryFeedbackStore(options, TimeProvider.System));
}
