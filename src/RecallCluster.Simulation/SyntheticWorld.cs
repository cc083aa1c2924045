using RecallCluster.Data;
using RecallCluster.Numerics;

namespace RecallCluster.Simulation;

/// <summary>
/// Ads, users and clicks from a known nonlinear preference, at any size.
/// <para>
/// An ad i has a category, a brand, a price band p_i, a style, a detail, a quality q_i and a place in the latent space that is the sum of
/// what its fields stand for and a rest: x_i = centre(category) + vector(style) + vector(detail) + rest. A user u has profile codes and
/// four to eight interests in different departments; interest k has a share w_k, a centre z_k, a wanted price and perhaps a favoured brand.
/// The wanted price is the category's level, plus or minus (by category) what the user likes to spend, plus a whim of the interest. Then
/// <code>
/// preference(u, i) = q_i + log sum_k exp( log(w_k N / (C n_k)) - |x_i - z_k|² / 2h² - (p_i - wanted_k)² / 2t² + bonus [brand_i =
/// favoured_k] ) P(click | u, i shown) = 1 / (1 + exp(threshold - preference(u, i)))
/// </code>
/// with n_k the ads in the interest's category, N the ads and C the categories. Clicks are drawn in proportion to exp(preference), except
/// for a share that falls on any ad. A model that looks at the behaviour sequence from the candidate ad's point of view can tell which
/// price and brand go with which interest; a single user vector has to keep all of these conjunctions apart in one inner product.
/// </para>
/// Everything follows from the seed and does not depend on the number of threads. <c>docs/synthetic-world.md</c> explains the parameters.
/// </summary>
public sealed class SyntheticWorld
{
    private readonly AdCatalogue _ads;
    private readonly UserPopulation _users;
    private readonly PreferenceFunction _preference;
    private readonly SeededRandom _random;
    private readonly ParallelOptions _parallel;

    /// <summary>Draws the ads; users and clicks are drawn when they are asked for.</summary>
    /// <param name="options">Size, seed and shape.</param>
    /// <param name="threads">Threads to use; all processors when null.</param>
    /// <exception cref="ArgumentException">An option is outside its range.</exception>
    public SyntheticWorld(SyntheticWorldOptions options, int? threads = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        Options = options;
        _parallel = new ParallelOptions { MaxDegreeOfParallelism = threads ?? Environment.ProcessorCount };
        _random = new SeededRandom(options.Seed);
        _ads = AdCatalogue.Create(options, _random.Split(0), _parallel);
        _users = new UserPopulation(options, _ads, _random.Split(1));
        _preference = new PreferenceFunction(options, _ads);
    }

    /// <summary>Size, seed and shape.</summary>
    public SyntheticWorldOptions Options { get; }

    /// <summary>The ads with their taxonomy.</summary>
    internal AdCatalogue Catalogue => _ads;

    /// <summary>The user of that number, 0 to <c>Options.Users - 1</c>, with the interests that no model gets to see.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such user.</exception>
    public SyntheticUser User(int user)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(user);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(user, Options.Users);
        return _users[user];
    }

    /// <summary>The place of an ad in the latent space, <c>Options.LatentDimensions</c> values.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such ad.</exception>
    public ReadOnlySpan<float> Latent(int item) => _ads.Latent(Position(item));

    /// <summary>The true preference of a user for an ad, in nats; higher is better.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such user or ad.</exception>
    public double Preference(int user, int item) => _preference.Preference(User(user), Position(item));

    /// <summary>The true preferences of a user for all ads.</summary>
    /// <param name="user">The user.</param>
    /// <param name="preferences">Receives <c>Options.Ads</c> values, by ad.</param>
    /// <exception cref="ArgumentException"><paramref name="preferences"/> has another length, or there is no such user.</exception>
    public void Preferences(int user, Span<float> preferences)
    {
        if (preferences.Length != _ads.Count)
            throw new ArgumentException($"Room for {preferences.Length} preferences; the world has {_ads.Count} ads.", nameof(preferences));
        SyntheticUser drawn = User(user);
        for (int position = 0; position < preferences.Length; position++)
            preferences[_ads.AdAt[position]] = _preference.Preference(drawn, position);
    }

    /// <summary>The probability that a user clicks an ad that is shown.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such user or ad.</exception>
    public double ClickProbability(int user, int item) => 1 / (1 + Math.Exp(Options.ClickThreshold - Preference(user, item)));

    /// <summary>
    /// Draws every user's clicks, in time order. Of <see cref="SyntheticWorldOptions.HeldOutShare"/> of the users the last click is for
    /// test and the one before for validation; all other clicks are for training.
    /// </summary>
    /// <param name="progress">Told the share of users done, from several threads.</param>
    public Dataset ToDataset(IProgress<double>? progress = null)
    {
        var sampler = new ClickSampler(Options, _ads, _users, _random.Split(2));
        (EventLog train, EventLog validation, EventLog test) = sampler.Draw(_parallel, progress);
        return new Dataset(
            $"synthetic-{Options.Ads}",
            _ads.ToTable(Options, _parallel),
            _users.ToTable(_parallel),
            Ordered: true,
            train,
            validation,
            test)
        {
            Split = new SplitInfo($"leave-last-out for a share of {Options.HeldOutShare} of the users", Options.Seed),
        };
    }

    private int Position(int item)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(item);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(item, _ads.Count);
        return _ads.PositionOf(item);
    }
}
