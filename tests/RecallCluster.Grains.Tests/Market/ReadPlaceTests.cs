using RecallCluster.Grains.Market;

namespace RecallCluster.Grains.Tests.Market;

public sealed class ReadPlaceTests
{
    private static readonly Guid Old = Guid.NewGuid(), New = Guid.NewGuid();

    private readonly ReadPlace _place = new();

    [Fact]
    public void A_late_answer_of_an_older_life_is_not_taken_for_the_newer_one()
    {
        _place.Reach(Old, 7);
        Task edit = _place.WaitForAsync(New, 1, default);

        _place.Reach(Old, 8);
        Assert.False(edit.IsCompleted);

        _place.Reach(New, 1);
        Assert.True(edit.IsCompletedSuccessfully);
    }

    [Fact]
    public void What_was_asked_for_of_an_earlier_life_is_in_what_a_later_one_began_with()
    {
        _place.Reach(Old, 7);
        Task before = _place.WaitForAsync(Old, 9, default);
        _place.Reach(New, 0);

        Assert.True(before.IsCompletedSuccessfully);
        Assert.True(_place.WaitForAsync(Old, 9, default).IsCompletedSuccessfully);
        Assert.False(_place.WaitForAsync(New, 1, default).IsCompleted);
    }
}
