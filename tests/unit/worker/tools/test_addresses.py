from ipaddress import ip_address

import pytest

from worker.tools.addresses import is_metadata, is_public

#: address | what it is for
TABLE = """
93.184.216.34            public
1.1.1.1                  public
2606:2800:220:1::1       public
2a00:1450:4001:831::200e public

127.0.0.1                private
127.255.255.254          private
0.0.0.0                  private
10.0.0.5                 private
172.16.0.1               private
172.31.255.255           private
172.32.0.1               public
192.168.1.1              private
100.64.0.1               private
100.127.255.255          private
100.128.0.1              public
192.0.0.8                private
192.0.2.1                private
198.18.0.1               private
198.51.100.7             private
203.0.113.9              private
224.0.0.1                private
239.255.255.250          private
240.0.0.1                private
255.255.255.255          private
::                       private
::1                      private
fc00::1                  private
fdff::1                  private
fec0::1                  private
ff02::1                  private
2001:db8::1              private
3fff::1                  private
100::1                   private

169.254.169.254          metadata
169.254.170.2            metadata
169.254.0.1              metadata
100.100.100.200          metadata
168.63.129.16            metadata
fe80::1                  metadata
fe80::1%eth0             metadata
fd00:ec2::254            metadata
fd20:ce::254             metadata

::ffff:93.184.216.34     public
::ffff:127.0.0.1         private
::ffff:10.0.0.5          private
::ffff:169.254.169.254   metadata
::7f00:1                 private
::169.254.169.254        metadata
64:ff9b::93.184.216.34   public
64:ff9b::10.0.0.5        private
64:ff9b::169.254.169.254 metadata
64:ff9b:1::93.184.216.34 private
64:ff9b:1::a9fe:a9fe     metadata
2002:5db8:d822::1        public
2002:7f00:1::1           private
2002:a9fe:a9fe::1        metadata
2001:0:5db8:d822::1      private
2001:0:a9fe:a9fe::1      metadata
2001:0:5db8:d822:0:0:5601:5601   metadata
2606:2800:220:1:0:5efe:7f00:1    private
2606:2800:220:1:200:5efe:a9fe:a9fe  metadata
"""
ROWS = [line.split() for line in TABLE.splitlines() if line]


@pytest.mark.parametrize(("text", "purpose"), ROWS, ids=[row[0] for row in ROWS])
def test_it_knows_what_an_address_is_for(text: str, purpose: str) -> None:
    address = ip_address(text)

    assert is_public(address) is (purpose == "public")
    assert is_metadata(address) is (purpose == "metadata")
