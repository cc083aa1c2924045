namespace RecallCluster.Data.Tests;

public sealed class DatasetTests
{
    public static TheoryData<Func<Dataset, Dataset>, string> Broken => new()
    {
        { d => d with { Items = d.Items with { Ids = ["a1", "a1"] } }, "The id 'a1' stands twice in the item table." },
        { d => d with { Items = d.Items with { Ids = ["a1", ""] } }, "The id of item row 1 is empty." },
        { d => d with { Items = d.Items with { Codes = [[1, 2]] } }, "The item table has 2 fields but 1 columns of codes." },
        { d => d with { Items = d.Items with { Codes = [[1, 3], [0, 4]] } }, "Row 1 of the item table: code 3 of field 'category' is "
            + "outside 0 to 2." },
        { d => d with { Items = d.Items with { Codes = [[1], [0, 4]] } }, "Field 'category' of the item table has 1 codes for 2 rows." },
        { d => d with { Users = d.Users with { Fields = [new Field("user", 4)] } }, "The user table has two columns 'user'." },
        { d => d with { Users = d.Users with { Fields = [new Field("age", 4) { Labels = [""] }] } }, "Field 'age' of the user table has "
            + "1 labels for 4 codes." },
        { d => d with { Users = d.Users with { Fields = [new Field("", 4)] } }, "A field of the user table has no name." },
        { d => d with { Test = d.Test with { Items = [2] } }, "Event 0 of the test log names item row 2 of 2." },
        { d => d with { Train = d.Train with { Times = [20, 10] } }, "The train log's times descend at event 1, of user row 0." },
        { d => d with { Train = d.Train with { UserSplits = [0, 2] } }, "The train log's user splits do not run from 0 to its 2 events "
            + "over 2 users." },
        { d => d with { Train = d.Train with { UserSplits = [0, 3, 2] } }, "The train log's user splits descend at user row 1." },
        { d => d with { Train = d.Train with { Kinds = [EventKind.Click, (EventKind)9] } }, "Event 1 of the train log has the unknown "
            + "kind 9." },
    };

    [Fact]
    public void A_sound_data_set_passes() => SampleDatasets.Small().Validate();

    [Theory]
    [MemberData(nameof(Broken))]
    public void Parts_that_do_not_fit_are_named(Func<Dataset, Dataset> damage, string message)
    {
        Dataset broken = damage(SampleDatasets.Small());
        Assert.Equal(message, Assert.ThrowsAny<ArgumentException>(broken.Validate).Message);
    }
}
