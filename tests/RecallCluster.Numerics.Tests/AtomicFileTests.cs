using System.Text;

namespace RecallCluster.Numerics.Tests;

public sealed class AtomicFileTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("atomic-file-");

    public void Dispose() => _folder.Delete(recursive: true);

    private string Target => Path.Combine(_folder.FullName, "target.bin");

    [Fact]
    public void A_written_file_has_its_contents_and_leaves_nothing_beside()
    {
        AtomicFile.Write(Target, "first"u8);
        AtomicFile.Write(Target, stream => stream.Write("second"u8));
        Assert.Equal("second", File.ReadAllText(Target));
        Assert.Equal([Target], Directory.GetFiles(_folder.FullName));
    }

    [Fact]
    public void A_writer_that_fails_leaves_the_old_file_and_no_temporary()
    {
        AtomicFile.Write(Target, "old"u8);
        Assert.Throws<IOException>(() => AtomicFile.Write(Target, stream =>
        {
            stream.Write(Encoding.UTF8.GetBytes("half of the new"));
            throw new IOException("No space left on device");
        }));
        Assert.Equal("old", File.ReadAllText(Target));
        Assert.Equal([Target], Directory.GetFiles(_folder.FullName));
    }

    [Fact]
    public void A_temporary_file_tells_what_it_was_to_become()
    {
        string? temporary = null;
        AtomicFile.Write(Target, _ => temporary = Path.GetFileName(Assert.Single(Directory.GetFiles(_folder.FullName))));
        Assert.Equal("target.bin", AtomicFile.TargetOf(temporary!));
        Assert.Null(AtomicFile.TargetOf("target.bin"));
        Assert.Null(AtomicFile.TargetOf(".notes.tmp"));
    }

    [Fact]
    public void The_old_file_is_readable_while_the_new_one_is_written()
    {
        AtomicFile.Write(Target, "old"u8);
        AtomicFile.Write(Target, stream =>
        {
            stream.Write("new"u8);
            stream.Flush();
            Assert.Equal("old", File.ReadAllText(Target));
        });
        Assert.Equal("new", File.ReadAllText(Target));
    }

    [FullDeviceFact]
    public void A_full_disk_leaves_the_old_file_and_no_temporary()
    {
        AtomicFile.Write(Target, "old"u8);
        IOException error = Assert.Throws<IOException>(() => AtomicFile.Write(
            Target,
            stream => stream.Write(new byte[1 << 16]),
            temporary =>
            {
                File.CreateSymbolicLink(temporary, FullDeviceFactAttribute.Device);
                return new FileStream(temporary, FileMode.Open, FileAccess.Write);
            }));
        Assert.Contains("space", error.Message, StringComparison.OrdinalIgnoreCase);
        Assert.Equal("old", File.ReadAllText(Target));
        Assert.Equal([Target], Directory.GetFiles(_folder.FullName));
    }

    [Fact]
    public void A_folder_that_does_not_exist_is_named_in_the_error()
    {
        string missing = Path.Combine(_folder.FullName, "missing", "file.bin");
        DirectoryNotFoundException error = Assert.Throws<DirectoryNotFoundException>(() => AtomicFile.Write(missing, "x"u8));
        Assert.Contains("missing", error.Message, StringComparison.Ordinal);
    }

    private sealed class FullDeviceFactAttribute : FactAttribute
    {
        public const string Device = "/dev/full";

        public FullDeviceFactAttribute()
        {
            if (!File.Exists(Device))
                Skip = $"{Device} does not exist here: a full disk cannot be had.";
        }
    }
}
